import EdgeAgent
import Supervision

// Before Swift's own pool has a thread, which would have a heap by then. Where it is refused, the daemon tells once it has a log.
_ = SharedHeap.use()
await Daemon.main(CommandLine.arguments)
