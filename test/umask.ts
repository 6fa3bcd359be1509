/**
 * A session makes all that its process writes private. Test files share a process: each begins with the usual
 * mode.
 */
process.umask(0o022);
