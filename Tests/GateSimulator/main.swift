import Glibc
import SimulatedGate

// A gate's controller for trials: prints the paths of its line and its plant, how it is scheduled and whether its memory is locked, and runs until
// its standard input ends. A controller has its processor to itself; whoever measures starts this under real-time scheduling, which its threads
// inherit, and memory that is locked waits for no page: what there is once the threads have their stacks and buffers, as nothing is added later.
//
//   gate-simulator                        the controller itself
//   gate-simulator --bridge LINE PLANT    terminals in front of an emulated controller, whose line and plant are these Unix sockets
func bridge(_ path: String) -> LineBridge? {
  // A socket has its name a moment before anybody listens on it.
  for _ in 0..<100 {
    if let bridge = LineBridge(socketPath: path) { return bridge }
    usleep(10_000)
  }
  return nil
}

let arguments = CommandLine.arguments.dropFirst()
let gate = arguments.isEmpty ? SimulatedGate() : nil
let bridges = arguments.first == "--bridge" ? arguments.dropFirst().compactMap(bridge) : []
guard let (line, plant) = gate.map({ ($0.line, $0.plant) }) ?? (bridges.count == 2 ? (bridges[0].path, bridges[1].path) : nil) else {
  fatalError("no pseudo-terminals, or nobody listens on the sockets")
}
let isLocked = mlockall(MCL_CURRENT) == 0
var parameters = sched_param()
let isKnown = unsafe sched_getparam(0, &parameters) == 0
let priority = isKnown && sched_getscheduler(0) == SCHED_FIFO ? Int(parameters.sched_priority) : 0
print("line \(line)\nplant \(plant)\npriority \(priority)\nlocked \(isLocked ? 1 : 0)")
_ = fflush(nil)
while readLine() != nil {}
gate?.stop()
