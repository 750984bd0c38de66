import Glibc
import SimulatedGate

// Drives a gate's controller over its two lines, with the real client.
// Usage: gate-trial LINE PLANT [--watchdog | --measure PARTS PAUSE_MS]
let arguments = CommandLine.arguments
guard arguments.count >= 3, let plant = Plant(arguments[2]) else {
  print("usage: gate-trial LINE PLANT [--watchdog | --measure PARTS PAUSE_MS]; the plant must be a pseudo-terminal")
  exit(2)
}
do {
  let isWell: Bool
  if arguments.count == 6, arguments[3] == "--measure", let parts = Int(arguments[4]), let pause = Int(arguments[5]) {
    isWell = try Measurement(line: arguments[1], plant: plant, parts: parts, pause: .milliseconds(pause)).run()
  } else {
    var trial = Trial(line: arguments[1], plant: plant, hasWatchdog: arguments.contains("--watchdog"))
    isWell = try trial.run()
  }
  exit(isWell ? 0 : 1)
} catch {
  print(error.message)
  exit(2)
}
