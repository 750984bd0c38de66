import Glibc
import SimulatedGate

// A gate's controller for trials: prints the paths of its line and its plant, how it is scheduled and whether its memory is locked, and runs until
// its standard input ends. A controller has its processor to itself; whoever measures starts this under real-time scheduling, which its threads
// inherit, and memory that is locked waits for no page: what there is once the threads have their stacks and buffers, as nothing is added later.
guard let gate = SimulatedGate() else { fatalError("no pseudo-terminals") }
let isLocked = mlockall(MCL_CURRENT) == 0
var parameters = sched_param()
let isKnown = unsafe sched_getparam(0, &parameters) == 0
let priority = isKnown && sched_getscheduler(0) == SCHED_FIFO ? Int(parameters.sched_priority) : 0
print("line \(gate.line)\nplant \(gate.plant)\npriority \(priority)\nlocked \(isLocked ? 1 : 0)")
_ = fflush(nil)
while readLine() != nil {}
gate.stop()
