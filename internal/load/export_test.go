package load

// Unknown is unknown, for the tests.
var Unknown = unknown
