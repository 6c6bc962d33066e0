// Package redshift holds the tests of the whole program on Amazon Redshift, or on what stands in
// for it.
package redshift
