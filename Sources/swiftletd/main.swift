import EdgeAgent
import Supervision

// Before Swift's own pool has a thread, which would have a heap by then.
SharedHeap.use()
await Daemon.main(CommandLine.arguments)
