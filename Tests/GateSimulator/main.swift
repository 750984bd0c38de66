import Glibc
import SimulatedGate

// A gate's controller for trials: prints the paths of its line and its plant, and runs until its standard input ends.
guard let gate = SimulatedGate() else { fatalError("no pseudo-terminals") }
print("line \(gate.line)\nplant \(gate.plant)")
_ = fflush(nil)
while readLine() != nil {}
gate.stop()
