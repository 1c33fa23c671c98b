//! Both daemons as real processes under test.
