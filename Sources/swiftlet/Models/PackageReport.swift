import CUDAExecution
import ModelFormat
import ModelManifest
import Tensors

/// What a package holds, for `compile` and `inspect`.
struct PackageReport {
  private let package: ModelPackage
  /// False where it is only what a model file would make.
  private let isCompiled: Bool

  init(_ package: ModelPackage, isCompiled: Bool = true) {
    self.package = package
    self.isCompiled = isCompiled
  }

  private var program: Program { package.program }

  /// Instructions by family, with their share of integer ones.
  private var families: [(name: String, count: Int, integers: Int)] {
    var table: [(name: String, count: Int, integers: Int)] = []
    for instruction in program.instructions {
      let name = "\(instruction.family)"
      let output = program.tensors[Int(instruction.written)]
      let isInteger = output.elementType.isEightBitInteger
      if let row = table.firstIndex(where: { $0.name == name }) {
        table[row].count += 1
        table[row].integers += isInteger ? 1 : 0
      } else {
        table.append((name, 1, isInteger ? 1 : 0))
      }
    }
    return table.sorted { $0.count > $1.count }
  }

  var text: String {
    let manifest = package.manifest
    var lines = ["\(manifest.name), version \(manifest.version): \(manifest.task.rawValue), \(manifest.labels.count) label(s)"]
    if !manifest.labels.isEmpty { lines.append("  labels          \(Self.listed(manifest.labels, most: 30, "labels").inOneLine(limit: 2000))") }
    lines.append("  file            \(Self.size(package.byteCount))")
    unsafe lines.append("  weights         \(Self.size(package.weights.count))")
    lines.append("  arena           \(Self.size(program.arenaByteCount)) of planned memory")
    if let calibration = manifest.calibration {
      lines.append("  quantised by    \(calibration.method) over \(calibration.samples) sample(s)")
      if let kept = calibration.floatValues { lines.append("  kept in float   \(Self.listed(kept))") }
      if let uneven = calibration.unevenValues {
        lines.append("  float, uneven   \(Self.listed(uneven)): their channels differ too much for one scale; --method percentile keeps 8 bits")
      }
    }
    if let accuracy = manifest.accuracy { lines.append("  accuracy        \(accuracy.summary(of: .precisions))") }
    if let licence = manifest.licence { lines.append("  licence         \(licence)") }
    if let provenance = manifest.provenance { lines.append("  provenance      \(provenance)") }
    for dimension in package.family?.dimensions ?? [] {
      let places = dimension.places.map { "\(program.inputs[$0.input].name)[\($0.axis)]" }.joined(separator: ", ")
      lines.append("  open size       \(dimension.name): \(dimension.bounds.lowerBound) to \(dimension.bounds.upperBound), in \(places)")
    }
    for port in program.inputs { lines.append("  input           \(described(port))") }
    for port in program.outputs { lines.append("  output          \(described(port))") }
    if let step = package.step {
      let sizes = (step.family?.dimensions ?? []).map { "\($0.name) \($0.bounds.lowerBound) to \($0.bounds.upperBound)" }.joined(separator: ", ")
      let open = sizes.isEmpty ? "" : ", \(sizes)"
      lines.append(
        "  step            \(step.program.instructions.count) instructions for each token, \(Self.size(step.program.arenaByteCount)) of planned memory\(open)")
    }
    for state in manifest.states ?? [] { lines.append("  remembered      \(state.output) comes back as \(state.input)") }
    lines.append("  golden values   \(golden)")
    lines.append("  instructions    \(program.instructions.count)")
    let isCalibrated = manifest.calibration != nil
    for family in families {
      let name = family.name + String(repeating: " ", count: max(1, 16 - family.name.count))
      lines.append("    \(name)\(family.count)\(family.integers > 0 || isCalibrated && family.name == "convolution" ? "  (\(family.integers) in 8 bits)" : "")")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private var golden: String {
    if let golden = package.manifest.golden {
      let size = package.family == nil ? "" : " at the largest size"
      return "of \(golden.outputs.count) output(s)\(size), within \(Self.percent(golden.tolerance)) % of each one's spread"
    }
    guard isCompiled else { return "none yet: compile makes them" }
    guard package.step == nil else { return "none: models that write token by token have none yet; devices test only that the encoder gives numbers" }
    let reason =
      package.manifest.states == nil
      ? "it gives infinities or no numbers for made-up inputs, or was compiled before there were any" : "what it computes depends on what it remembers"
    return "none: \(reason); devices test only that it gives numbers"
  }

  var json: JSON {
    let manifest = package.manifest
    return unsafe .object([
      ("name", .string(manifest.name)),
      ("version", .string(manifest.version)),
      ("task", .string(manifest.task.rawValue)),
      ("labels", .array(manifest.labels.map { .string($0) })),
      ("licence", manifest.licence.map { .string($0) } ?? .null),
      ("provenance", manifest.provenance.map { .string($0) } ?? .null),
      (
        "calibration",
        manifest.calibration.map {
          .object([
            ("method", .string($0.method)), ("samples", .integer($0.samples)), ("float_values", .array(($0.floatValues ?? []).map { .string($0) })),
            ("uneven_values", .array(($0.unevenValues ?? []).map { .string($0) })),
          ])
        } ?? .null
      ),
      ("accuracy", manifest.accuracy?.json ?? .null),
      (
        "golden",
        manifest.golden.map { .object([("outputs", .array($0.outputs.map { .string($0.name) })), ("tolerance", .number(Double($0.tolerance)))]) } ?? .null
      ),
      ("file_bytes", .integer(package.byteCount)),
      ("weight_bytes", .integer(package.weights.count)),
      ("arena_bytes", .integer(program.arenaByteCount)),
      ("open_sizes", .array((package.family?.dimensions ?? []).map(Self.json))),
      ("inputs", .array(program.inputs.map(portJSON))),
      ("outputs", .array(program.outputs.map(portJSON))),
      ("instructions", .object(families.map { ($0.name, .integer($0.count)) })),
      ("calls_library_on_cuda", .boolean(program.callsLibraryOnCUDA || package.step?.program.callsLibraryOnCUDA == true)),
      ("multiplications", .integer(program.instructions.reduce(0) { $0 &+ ($1.multiplications(in: program) ?? 0) })),
    ])
  }

  /// What is to be told where a program runs on a CUDA device; nil where there is nothing.
  static func noteOnCUDA(_ program: Program) -> String? {
    guard program.callsLibraryOnCUDA else { return nil }
    return "the device's mathematical library has a part in it: floats may differ from the processor's in their last bits, and what is rounded by a step"
  }

  private static func percent(_ share: Float) -> Double { (Double(share) * 1000).rounded() / 10 }

  /// Names in a line: of many their count, and the first.
  static func listed(_ names: [String], most: Int = 4, _ what: String = "values") -> String {
    guard names.count > most else { return names.joined(separator: ", ") }
    return "\(names.count) \(what) (\(names.prefix(most).joined(separator: ", ")), …; --json has all)"
  }

  private static func json(_ dimension: OpenDimension) -> JSON {
    .object([
      ("name", .string(dimension.name)), ("lowest", .integer(dimension.bounds.lowerBound)), ("highest", .integer(dimension.bounds.upperBound)),
      ("places", .array(dimension.places.map { .object([("input", .integer($0.input)), ("axis", .integer($0.axis))]) })),
    ])
  }

  private func described(_ port: Port) -> String {
    let tensor = program.tensors[Int(port.tensor)]
    let carried = tensor.quantisation.map { ", carried as \(tensor.elementType.name) × \($0.scale), zero point \($0.zeroPoint)" } ?? ""
    return "\(port.name): \(port.declaredType.name) \(port.declaredDimensions)\(carried)"
  }

  private func portJSON(_ port: Port) -> JSON {
    let tensor = program.tensors[Int(port.tensor)]
    return .object([
      ("name", .string(port.name)),
      ("type", .string("\(port.declaredType.name)")),
      ("dimensions", .array(port.declaredDimensions.map { .integer($0) })),
      ("carried_as", .string("\(tensor.elementType.name)")),
      ("scale", tensor.quantisation.map { .number(Double($0.scale)) } ?? .null),
      ("zero_point", tensor.quantisation.map { .integer(Int($0.zeroPoint)) } ?? .null),
    ])
  }

  static func size(_ bytes: Int) -> String {
    if bytes >= 1 << 30 { return "\(Double(((bytes >> 20) * 100) >> 10) / 100) GiB" }
    // `>>` binds tighter than `*`.
    return bytes >= 1 << 20 ? "\(Double((bytes * 100) >> 20) / 100) MiB" : bytes >= 1024 ? "\(Double((bytes * 10) >> 10) / 10) KiB" : "\(bytes) bytes"
  }
}
