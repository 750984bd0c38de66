import Glibc
import Pipelines
import SimulatedGate

// A gate's controller for trials. It is scheduled as whoever starts it wants, which its threads inherit, and its memory is locked where it may be: what
// there is once the threads have their stacks and buffers, as nothing is added later. A controller has its processor to itself.
let usage = """
  A gate's controller without hardware: the logic of the firmware behind a pseudo-terminal.

  Usage: gate-simulator [--parts MILLISECONDS]
         gate-simulator --bridge LINE PLANT
    --parts MILLISECONDS   moves a part past the sensor so often (20 to 60000), and tells what the gate does
    --bridge LINE PLANT    no controller: terminals in front of an emulated one, whose line and plant are these Unix sockets

  Prints the paths of its line, which is a gate's "device", and of its plant, which takes P and p (the sensor sees a part, and none), and gives G and g
  (the gate has power, and none). Runs until its standard input ends.
  """

/// A line, at once. Not by `print`: to flush that means to wait for whoever reads standard input.
func say(_ line: String, to descriptor: Int32 = STDOUT_FILENO) {
  let bytes = Array("\(line)\n".utf8)
  _ = unsafe write(descriptor, bytes, bytes.count)
}

func leave(_ message: String, status: Int32) -> Never {
  say(message, to: status == 0 ? STDOUT_FILENO : STDERR_FILENO)
  exit(status)
}

func bridge(_ path: String) -> LineBridge? {
  // A socket has its name a moment before anybody listens on it.
  for _ in 0..<100 {
    if let bridge = LineBridge(socketPath: path) { return bridge }
    usleep(10_000)
  }
  return nil
}

/// Moves parts past the sensor of a plant, a tenth of the interval before each of its multiples on the monotonic clock, at which a camera that is a folder
/// gives its images; and tells of them and of the gate, for ever.
func runBelt(_ plant: Plant, interval: Duration) {
  var (part, told) = (0, 0)
  let step = UInt64(interval / .nanoseconds(1))
  func tell() {
    let movements = plant.now.movements
    // Those since the part before.
    for movement in movements[told...] { say("gate: \(movement.isDriven ? "has power: lets pass, where safe is reject" : "has no power: its safe position")") }
    told = movements.count
  }
  while true {
    part += 1
    let now = MonotonicClock.now().nanoseconds
    plant.pass(.nanoseconds(Int64(step - (now + step / 10) % step)))
    plant.tell("P")
    say("part \(part) at the sensor")
    plant.pass(.milliseconds(10))
    plant.tell("p")
    tell()
  }
}

let arguments = Array(CommandLine.arguments.dropFirst())
if arguments == ["--help"] || arguments == ["-h"] { leave(usage, status: 0) }
let interval = arguments.first == "--parts" && arguments.count == 2 ? Int(arguments[1]).flatMap { 20...60_000 ~= $0 ? Duration.milliseconds($0) : nil } : nil
let isBridge = arguments.first == "--bridge" && arguments.count == 3
guard arguments.isEmpty || interval != nil || isBridge else {
  leave("gate-simulator: \"\(arguments.joined(separator: " "))\" is not understood; see --help", status: 2)
}
let gate = isBridge ? nil : SimulatedGate()
let bridges = isBridge ? arguments.dropFirst().compactMap(bridge) : []
guard let (line, plant) = gate.map({ ($0.line, $0.plant) }) ?? (bridges.count == 2 ? (bridges[0].path, bridges[1].path) : nil) else {
  leave("gate-simulator: \(isBridge ? "nobody listens on these sockets" : "there are no pseudo-terminals (/dev/pts)")", status: 1)
}
let isLocked = mlockall(MCL_CURRENT) == 0
var parameters = sched_param()
let isKnown = unsafe sched_getparam(0, &parameters) == 0
let priority = isKnown && sched_getscheduler(0) == SCHED_FIFO ? Int(parameters.sched_priority) : 0
say("line \(line)\nplant \(plant)\npriority \(priority)\nlocked \(isLocked ? 1 : 0)")
if let interval {
  guard let belt = Plant(plant), (try? DataPlaneThread(name: "belt", body: { runBelt(belt, interval: interval) })) != nil else {
    leave("gate-simulator: the plant's terminal can't be opened", status: 1)
  }
}
while readLine() != nil {}
gate?.stop()
