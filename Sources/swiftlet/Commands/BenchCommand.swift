import ArgumentParser
import CPUExecution
import CUDAExecution
import Glibc
import Inference
import ModelFormat
import ModelManifest
import Pipelines
import Tensors

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure latency, load time and peak memory.",
    discussion: """
      One iteration goes from the declared input tensor to the declared output tensors. With --json the last line is one JSON \
      object; latencies are in milliseconds, memory in MiB. With --frame it is instead what an agent does with each frame of a \
      camera: pixels into the input, the model, its decoding and the message, stage by stage. A CUDA device makes the input, too, which \
      then counts as the model's time.

      Example: swiftlet bench yolox-nano.swiftlet --threads 2 --seconds 3
      Example: swiftlet bench yolox-nano.swiftlet --operators --instructions avx2
      Example: swiftlet bench yolox-nano.swiftlet --backend cuda
      Example: swiftlet bench yolox-nano.swiftlet --frame 1280x720 --picture street.jpg
      """)

  @Argument(help: "A package, or an ONNX or TFLite file.")
  var model: String

  @OptionGroup var source: ModelSourceOptions

  enum BackendName: String, ExpressibleByArgument, CaseIterable {
    case cpu
    case cuda
  }

  @Option(help: ArgumentHelp("Where to run: cpu, or cuda, the first CUDA device.", valueName: "cpu|cuda"))
  var backend = BackendName.cpu

  @Option(help: "Threads that share the work.")
  var threads = 1

  @Option(
    help: ArgumentHelp("The widest vector instructions to use, by default the best of what this machine has: \(CPUInstructionSet.names).", valueName: "set"),
    transform: CPUInstructionSet.named)
  var instructions = CPUInstructionSet.best

  @Option(help: "Seconds to measure for, after a tenth of it to warm up.")
  var seconds = 2.0

  @Flag(help: "One line of JSON.")
  var json = false

  @Flag(
    help: """
      Time each instruction as well, and compare it with the most that the processor could do. Multiplications are counted as the layer defines them; \
      ways that take fewer may show more than 100 %.
      """)
  var operators = false

  @Option(
    help: ArgumentHelp("Measure what a YUYV frame of this size (an even width) costs, from the camera's buffer to the message.", valueName: "WIDTHxHEIGHT"))
  var frame: FrameSize?

  @Option(help: ArgumentHelp("With --frame: the image that fills the frame, repeated; by default a pattern.", valueName: "file"))
  var picture: String?

  func validate() throws {
    guard frame == nil || instructions == .best else { throw ValidationError("--instructions doesn't go with --frame") }
    guard picture == nil || frame != nil else { throw ValidationError("--picture goes with --frame") }
    guard frame == nil || !operators else { throw ValidationError("--operators doesn't go with --frame") }
    guard backend == .cpu || threads == 1 && instructions == .best else {
      throw ValidationError("--threads and --instructions are for the CPU")
    }
    guard 1...64 ~= threads else { throw ValidationError("--threads is 1 to 64") }
    guard seconds > 0, seconds <= 3600 else { throw ValidationError("--seconds is above 0 and at most 3600") }
  }

  func run() throws {
    let begin = MonotonicClock.now()
    let package = try source.package(at: model, bindsSizes: true)
    if backend == .cuda, let note = PackageReport.noteOnCUDA(package.program) { Terminal.note("\(model): \(note)") }
    if let frame {
      guard package.family == nil || source.shape.isEmpty else {
        throw CommandFailure("\(model) left sizes open, which --frame chooses for one image at a time: leave --shape out", status: .wrongUse)
      }
      let bench = try FrameBench(package, size: frame, picture: picture, threads: threads, isOnDevice: backend == .cuda, seconds: seconds)
      return Terminal.show(json ? "\(bench.json.text)\n" : bench.text)
    }
    switch backend {
    case .cpu:
      try measure(package, on: CPUBackend.self, options: CPUOptions(threads: threads, instructionSet: instructions), since: begin) {
        OperatorTimes($0, threads: threads, instructions: instructions)
      }
    case .cuda: try measure(package, on: CUDABackend.self, options: CUDAOptions(), since: begin) { OperatorTimes($0, threads: 1, instructions: nil) }
    }
  }

  private func measure<Engine: Backend & ~Copyable>(
    _ package: ModelPackage, on engine: Engine.Type, options: Engine.Options, since begin: MonotonicInstant,
    _ operatorTimes: (Session<Engine>) -> OperatorTimes
  ) throws {
    let session = try unsafe Session<Engine>(
      program: package.program, family: package.family, weights: package.weights, owner: package, options: options,
      onCopy: { unsafe package.release($0) })
    try source.bind(session, package)
    let loaded = MonotonicClock.now()
    let inputs = DeclaredInputs(of: session.program)
    inputs.write(to: session)
    session.run()
    let first = ProcessStart.elapsedMilliseconds()
    var latencies = measure(session, inputs)
    let times = operators && !session.hasFailed ? operatorTimes(session) : nil
    if let failure = session.failure { throw failure }
    latencies.sort()
    let figures = Figures(
      latencies: latencies, loadMilliseconds: begin.milliseconds(to: loaded), firstResultMilliseconds: first,
      peakMebibytes: PeakMemory.mebibytes(), threads: threads)
    if let times { Terminal.show(times.text) }
    Terminal.show(json ? "\(figures.json.text)\n" : figures.text)
  }

  /// Milliseconds of each iteration, until the session fails, which the caller tells.
  private func measure<Engine: Backend & ~Copyable>(_ session: Session<Engine>, _ inputs: DeclaredInputs) -> [Double] {
    let warmUp = MonotonicClock.now()
    while !session.hasFailed, warmUp.milliseconds(to: MonotonicClock.now()) < seconds * 100 {
      inputs.write(to: session)
      session.run()
    }
    var latencies: [Double] = []
    latencies.reserveCapacity(1 << 20)
    let begin = MonotonicClock.now()
    var last = begin
    while !session.hasFailed, latencies.count < 1 << 20, begin.milliseconds(to: last) < seconds * 1000 || latencies.count < 3 {
      let start = MonotonicClock.now()
      inputs.write(to: session)
      session.run()
      last = MonotonicClock.now()
      latencies.append(start.milliseconds(to: last))
    }
    return latencies
  }
}

/// What a benchmark prints.
struct Figures {
  /// Sorted, milliseconds.
  let latencies: [Double]
  let loadMilliseconds: Double
  let firstResultMilliseconds: Double
  let peakMebibytes: Double
  let threads: Int

  /// The nearest-rank percentile.
  func percentile(_ share: Double) -> Double {
    latencies[min(latencies.count - 1, max(0, Int((share * Double(latencies.count)).rounded(.up)) - 1))]
  }

  var json: JSON {
    .object([
      ("median_ms", .number(percentile(0.5))),
      ("p90_ms", .number(percentile(0.9))),
      ("p99_ms", .number(percentile(0.99))),
      ("load_ms", .number(loadMilliseconds)),
      ("first_result_ms", .number(firstResultMilliseconds)),
      ("peak_rss_mb", .number(peakMebibytes)),
      ("iterations", .integer(latencies.count)),
      ("threads", .integer(threads)),
    ])
  }

  var text: String {
    """
    median \(round(percentile(0.5))) ms, p90 \(round(percentile(0.9))) ms, p99 \(round(percentile(0.99))) ms over \(latencies.count) iterations, \
    \(threads) thread(s)
    load \(round(loadMilliseconds)) ms, first result after \(round(firstResultMilliseconds)) ms, peak memory \(round(peakMebibytes)) MiB

    """
  }

  private func round(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}

extension CPUInstructionSet {
  fileprivate static var names: String { available.map { "\($0.name)" }.joined(separator: ", ") }

  fileprivate static func named(_ name: String) throws -> CPUInstructionSet {
    guard let set = available.first(where: { "\($0.name)" == name }) else {
      throw ValidationError("this machine has \(names)")
    }
    return set
  }
}
