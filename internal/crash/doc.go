// Package crash tests that nothing is lost, doubled or half shown when a process, a connection or a
// store breaks off at any moment.
package crash
