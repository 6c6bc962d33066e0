package config

// Trusted is the judgement about a file's owner and mode.
var Trusted = trusted
