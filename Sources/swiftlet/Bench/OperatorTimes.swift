import CPUExecution
import Inference
import ModelFormat
import Pipelines

/// How long each instruction of a program takes, and how near it comes to what the processor could do.
struct OperatorTimes {
  /// Median microseconds of each instruction.
  let microseconds: [Double]
  /// 10^9 multiplications a second that the threads could do at best, by whether they are floats; nil where that can't be measured.
  let peaks: (integer: Double?, float: Double?)
  private let program: Program

  /// Runs the session `rounds` times. Between the runs, the peak is measured: a machine whose speed changes changes both.
  /// - Parameter instructions: of the processor that runs the session; nil for a device whose peak isn't measured.
  init<Engine: Backend & ~Copyable>(_ session: Session<Engine>, threads: Int, instructions: CPUInstructionSet?, rounds: Int = 25) {
    program = session.program
    let count = program.instructions.count
    var samples = [[Double]](repeating: [], count: count)
    var peaks: (integer: [Double], float: [Double]) = ([], [])
    for _ in 0..<rounds {
      var nanoseconds = [UInt64](repeating: 0, count: count)
      session.run(recording: &nanoseconds)
      for index in 0..<count { samples[index].append(Double(nanoseconds[index]) / 1000) }
      guard let instructions else { continue }
      peaks.integer.append(Self.peak(of: instructions, asFloats: false))
      peaks.float.append(Self.peak(of: instructions, asFloats: true))
    }
    microseconds = samples.map(Self.median)
    let best = (integer: Self.median(peaks.integer), float: Self.median(peaks.float))
    self.peaks = (best.integer > 0 ? best.integer * Double(threads) : nil, best.float > 0 ? best.float * Double(threads) : nil)
  }

  /// 10^9 multiplications a second of one core.
  private static func peak(of instructions: CPUInstructionSet, asFloats: Bool) -> Double {
    let begin = MonotonicClock.now()
    let products = instructions.multiplyOnRegisters(turns: 20_000, asFloats: asFloats)
    return Double(products) / max(begin.milliseconds(to: MonotonicClock.now()), 1e-6) / 1e6
  }

  private static func median(_ values: [Double]) -> Double { values.isEmpty ? 0 : values.sorted()[values.count / 2] }

  /// A table of the instructions in their order, and what all of one family take together.
  var text: String {
    let total = max(microseconds.reduce(0, +), 1e-9)
    var lines = ["        µs  share   M mul  G mul/s  of peak  instruction"]
    var families: [(name: String, microseconds: Double)] = []
    for (index, instruction) in program.instructions.enumerated() {
      let output = program.tensors[Int(instruction.written)]
      let time = microseconds[index]
      var rate = (count: "", speed: "", share: "")
      if let products = instruction.multiplications(in: program) {
        let speed = Double(products) / max(time, 1e-3) / 1000
        let peak = output.elementType == .float32 ? peaks.float : peaks.integer
        rate = (decimal(Double(products) / 1e6, 2), decimal(speed, 1), peak.map { "\(Int((speed / $0 * 100).rounded()))%" } ?? "")
      }
      let name = "\(instruction.family)"
      lines.append(
        "\(decimal(time, 1).padded(10))\(decimal(time / total * 100, 1).padded(6))%\(rate.count.padded(8))\(rate.speed.padded(9))\(rate.share.padded(9))  "
          + "\(name) \(output.elementType.name) \(output.dimensions) \(output.name)")
      if let known = families.firstIndex(where: { $0.name == name }) { families[known].microseconds += time } else { families.append((name, time)) }
    }
    for family in families.sorted(by: { $0.microseconds > $1.microseconds }) {
      lines.append("\(decimal(family.microseconds, 1).padded(10))\(decimal(family.microseconds / total * 100, 1).padded(6))%  all \(family.name)")
    }
    let measured = [("8 bits", peaks.integer), ("float", peaks.float)].compactMap { name, peak in peak.map { "\(name) \(decimal($0, 1))" } }
    if !measured.isEmpty { lines.append("peak of the threads on registers, measured between the runs, G mul/s: \(measured.joined(separator: ", "))") }
    return lines.joined(separator: "\n") + "\n"
  }

  private func decimal(_ value: Double, _ digits: Int) -> String { DemoTable.decimal(value, digits) }
}

extension String {
  /// With spaces before it.
  func padded(_ width: Int) -> String { String(repeating: " ", count: max(width - count, 0)) + self }
}
