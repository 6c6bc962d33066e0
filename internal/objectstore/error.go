package objectstore

import (
	"errors"
)

// What a caller may decide on with errors.Is. Every error of this package is
// an *Error and wraps at most one of them.
var (
	// ErrNotExist means that the bucket, folder, object or file is not there.
	ErrNotExist = errors.New("does not exist")
	// ErrChanged means that an object is no longer the one that was listed.
	ErrChanged = errors.New("changed since it was listed")
	// ErrAccess means that the store is there and refuses these credentials or this user.
	ErrAccess = errors.New("access denied")
	// ErrCredentials means that there are no credentials, or that they are not valid.
	ErrCredentials = errors.New("no valid credentials")
)

// Error says which operation failed on which URL. It never holds credentials.
type Error struct {
	Op   string // list, stat, open, read, write, delete, parse
	URL  URL    // what was asked for
	Err  error  // why; wraps one of the sentinels where one applies
	hint string
}

// Error is one line: the operation, the URL, the reason.
func (e *Error) Error() string {
	if e.URL == "" {
		return e.Op + " URL: " + e.Err.Error()
	}
	return e.Op + " " + string(e.URL) + ": " + e.Err.Error()
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// Hint says what to do next; it is empty when that is not known.
func (e *Error) Hint() string { return e.hint }

// fault is a reason in words for people, with its sentinel and the error
// underneath for errors.Is and errors.As. The text of the one underneath is
// shown only where msg repeats it: the SDK's texts run to several lines and
// may quote the output of a credential process.
type fault struct {
	msg   string
	kind  error // one of the sentinels, or nil
	cause error // may be nil
}

func (f *fault) Error() string { return f.msg }

func (f *fault) Unwrap() []error {
	var errs []error
	for _, err := range []error{f.kind, f.cause} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}
