import ModelGraph
import ONNX
import Tensors

/// Control flow as it is written: bodies are evaluated as often as the data says.
extension Evaluation {
  /// Loops that together go on for longer than this are refused: a file of a few bytes can ask for eternity.
  static let mostIterations = 1 << 18

  mutating func run(_ flow: ControlFlow, _ step: EvaluationStep, _ operands: [HostTensor?]) throws(CompilerError) -> [HostTensor] {
    switch flow {
    case .if: try runIf(step, operands)
    case .loop: try runLoop(step, operands)
    case .scan: step.opset < 9 ? try runBatchedScan(step, operands) : try runScan(step, operands)
    }
  }

  private mutating func runIf(_ step: EvaluationStep, _ operands: [HostTensor?]) throws(CompilerError) -> [HostTensor] {
    let branch = try truth(operands.first ?? nil, "cond") ? "then_branch" : "else_branch"
    return try run(try step.body(branch), [:])
  }

  /// Body: (iteration, condition, carried…) → (condition, carried…, scanned…).
  private mutating func runLoop(_ step: EvaluationStep, _ operands: [HostTensor?]) throws(CompilerError) -> [HostTensor] {
    let body = try step.body("body")
    let carriedCount = max(0, operands.count - 2)
    guard body.inputs.count == carriedCount + 2, body.outputs.count > carriedCount else {
      throw CompilerError(.invalid, "carries \(carriedCount) values; its body has \(body.inputs.count) inputs and \(body.outputs.count) outputs")
    }
    let limit = operands.first.flatMap { $0 }.map { $0.integers().first ?? 0 }
    // Without a condition of its own a loop counts only; what its body says then is ignored.
    let condition = operands.count > 1 ? operands[1] : nil
    var goesOn = try condition.map { (condition) throws(CompilerError) in try truth(condition, "cond") } ?? true
    var carried: [HostTensor] = []
    for case let value? in operands.dropFirst(2) { carried.append(value) }
    guard carried.count == carriedCount else { throw CompilerError(.invalid, "a carried value is missing") }
    var scanned = [[HostTensor]](repeating: [], count: body.outputs.count - carriedCount - 1)
    let before = byteCount
    defer { byteCount = before }
    var iteration: Int64 = 0
    while goesOn, limit.map({ iteration < $0 }) ?? true {
      try countIterations(1)
      var inputs = [body.inputs[0]: HostTensor([iteration], dimensions: []), body.inputs[1]: HostTensor.truth(true)]
      for (name, value) in zip(body.inputs.dropFirst(2), carried) { inputs[name] = value }
      let outputs = try run(body, inputs)
      if condition != nil { goesOn = try truth(outputs[0], "cond") }
      carried = Array(outputs[1..<1 + carriedCount])
      for (index, value) in outputs.dropFirst(1 + carriedCount).enumerated() { scanned[index].append(try held(value)) }
      iteration += 1
    }
    var results = carried
    for (index, slices) in scanned.enumerated() {
      results.append(try stacked(slices, axis: 0, isReversed: false, as: body.outputs[1 + carriedCount + index]))
    }
    return results
  }

  /// Body: (state…, slice…) → (state…, slice…).
  private mutating func runScan(_ step: EvaluationStep, _ operands: [HostTensor?]) throws(CompilerError) -> [HostTensor] {
    let inputs = operands.compactMap { $0 }
    guard inputs.count == operands.count else { throw CompilerError(.invalid, "an input of a Scan can't be left out") }
    let body = try step.body("body")
    let scanCount = try step.integer("num_scan_inputs")
    guard scanCount >= 1, scanCount <= inputs.count, body.inputs.count == inputs.count, body.outputs.count >= inputs.count - scanCount else {
      throw CompilerError(.invalid, "scans \(scanCount) of \(inputs.count) inputs; its body has \(body.inputs.count) inputs and \(body.outputs.count) outputs")
    }
    let stateCount = inputs.count - scanCount
    let read = try ScanDirections(step, "input", count: scanCount)
    let written = try ScanDirections(step, "output", count: body.outputs.count - stateCount)
    return try scan(body, states: Array(inputs[..<stateCount]), sequences: Array(inputs[stateCount...]), read, written)
  }

  /// Scan as it was in operator set 8: a batch stands before the sequence, and sequences may differ in length.
  private mutating func runBatchedScan(_ step: EvaluationStep, _ operands: [HostTensor?]) throws(CompilerError) -> [HostTensor] {
    guard operands.first.flatMap({ $0 }) == nil else {
      throw CompilerError(.unsupported, "'sequence_lens' is not supported; export with operator set 9 or later")
    }
    let inputs = operands.dropFirst().compactMap { $0 }
    let body = try step.body("body")
    let scanCount = try step.integer("num_scan_inputs")
    guard scanCount >= 1, scanCount <= inputs.count, body.inputs.count == inputs.count, body.outputs.count >= inputs.count - scanCount,
      let batch = inputs.last?.dimensions.first, inputs.allSatisfy({ $0.dimensions.first == batch })
    else {
      throw CompilerError(
        .invalid,
        "scans \(scanCount) of \(inputs.count) inputs, which have to share a batch; its body has \(body.inputs.count) inputs and "
          + "\(body.outputs.count) outputs")
    }
    let stateCount = inputs.count - scanCount
    let read = try ScanDirections(step, "", count: scanCount)
    let written = try ScanDirections(count: body.outputs.count - stateCount)
    var results = [[HostTensor]](repeating: [], count: body.outputs.count)
    for index in 0..<batch {
      let slices = inputs.map { $0.slice(index, axis: 0) }
      let outputs = try scan(body, states: Array(slices[..<stateCount]), sequences: Array(slices[stateCount...]), read, written)
      for (position, output) in outputs.enumerated() { results[position].append(output) }
    }
    var stackedResults: [HostTensor] = []
    for (position, slices) in results.enumerated() { stackedResults.append(try stacked(slices, axis: 0, isReversed: false, as: body.outputs[position])) }
    return stackedResults
  }

  private mutating func scan(
    _ body: EvaluationBody, states: [HostTensor], sequences: [HostTensor], _ read: ScanDirections, _ written: ScanDirections
  ) throws(CompilerError) -> [HostTensor] {
    var states = states
    var axes: [Int] = []
    for (sequence, axis) in zip(sequences, read.axes) { axes.append(try Self.normalised(axis, rank: sequence.dimensions.count)) }
    let length = sequences[0].dimensions[axes[0]]
    guard zip(sequences, axes).allSatisfy({ $0.dimensions[$1] == length }) else { throw CompilerError(.invalid, "its sequences differ in length") }
    try countIterations(length)
    let before = byteCount
    defer { byteCount = before }
    var slices = [[HostTensor]](repeating: [], count: body.outputs.count - states.count)
    for iteration in 0..<length {
      var inputs: [String: HostTensor] = [:]
      for (name, state) in zip(body.inputs, states) { inputs[name] = state }
      for (index, name) in body.inputs.dropFirst(states.count).enumerated() {
        inputs[name] = sequences[index].slice(read.isReversed[index] ? length - 1 - iteration : iteration, axis: axes[index])
      }
      let outputs = try run(body, inputs)
      for (index, value) in outputs.dropFirst(states.count).enumerated() { slices[index].append(try held(value)) }
      states = Array(outputs[..<states.count])
    }
    var results = states
    for (index, parts) in slices.enumerated() {
      results.append(try stacked(parts, axis: written.axes[index], isReversed: written.isReversed[index], as: body.outputs[states.count + index]))
    }
    return results
  }

  // MARK: Pieces

  private mutating func countIterations(_ count: Int) throws(CompilerError) {
    iterationCount += count
    guard iterationCount <= Self.mostIterations else {
      throw CompilerError(.unsupported, "runs for more than \(Self.mostIterations) iterations, which is the limit")
    }
  }

  /// A value that lives until its loop ends.
  private mutating func held(_ value: HostTensor) throws(CompilerError) -> HostTensor {
    byteCount += value.bytes.count + MemoryLayout<HostTensor>.stride
    guard byteCount <= Self.largestByteCount else { throw CompilerError(.unsupported, "joins over \(Self.largestByteCount >> 30) GiB") }
    return value
  }

  private func truth(_ tensor: HostTensor?, _ role: String) throws(CompilerError) -> Bool {
    guard let tensor, tensor.elementType == .bool, tensor.elementCount == 1 else { throw CompilerError(.invalid, "'\(role)' is not one bool") }
    return tensor.bytes[0] != 0
  }

  private static func normalised(_ axis: Int, rank: Int) throws(CompilerError) -> Int {
    guard axis >= -rank, axis < rank else { throw CompilerError(.invalid, "axis \(axis) is none of \(rank)") }
    return axis < 0 ? axis + rank : axis
  }

  /// Slices one after the other along a new axis; without any, an empty tensor of the declared type.
  private func stacked(_ slices: [HostTensor], axis: Int, isReversed: Bool, as declared: ONNXValueInfo) throws(CompilerError) -> HostTensor {
    guard let first = slices.first else {
      guard let type = declared.dataType?.elementType, let sizes = declared.dimensions else {
        throw CompilerError(.unsupported, "never runs, and its body doesn't say what '\(declared.name)' would be")
      }
      let known = sizes.map { if case .size(let size) = $0 { size } else { 0 } }
      return HostTensor(elementType: type, dimensions: [0] + known, bytes: [])
    }
    guard slices.allSatisfy({ $0.dimensions == first.dimensions && $0.elementType == first.elementType }) else {
      throw CompilerError(.invalid, "its body makes '\(declared.name)' in different shapes or types, which can't be joined")
    }
    let position = try Self.normalised(axis, rank: first.dimensions.count + 1)
    let (total, overflow) = first.bytes.count.multipliedReportingOverflow(by: slices.count)
    guard !overflow, total <= Self.largestByteCount else { throw CompilerError(.unsupported, "joins over \(Self.largestByteCount >> 30) GiB") }
    return HostTensor.stacked(isReversed ? slices.reversed() : slices, axis: position)
  }
}

/// The axes along which a Scan reads or writes, and which of them backwards.
private struct ScanDirections {
  let axes: [Int]
  let isReversed: [Bool]

  /// - Parameter role: `input` or `output`; empty for operator set 8, which knows directions of inputs only.
  init(_ step: EvaluationStep, _ role: String, count: Int) throws(CompilerError) {
    let zeros = [Int](repeating: 0, count: count)
    axes = role.isEmpty ? zeros : try step.integers("scan_\(role)_axes") ?? zeros
    let directions = try step.integers(role.isEmpty ? "directions" : "scan_\(role)_directions") ?? zeros
    guard axes.count == count, directions.count == count else {
      throw CompilerError(.invalid, "has \(axes.count) axes and \(directions.count) directions for \(count) scan \(role)s")
    }
    isReversed = directions.map { $0 == 1 }
  }

  init(count: Int) throws(CompilerError) {
    axes = [Int](repeating: 0, count: count)
    isReversed = [Bool](repeating: false, count: count)
  }
}

extension EvaluationStep {
  fileprivate func body(_ attribute: String) throws(CompilerError) -> EvaluationBody {
    guard let body = bodies[attribute] else { throw CompilerError(.invalid, "attribute '\(attribute)' is no graph") }
    return body
  }

  fileprivate func integer(_ attribute: String) throws(CompilerError) -> Int {
    guard case .integer(let value) = node.attributes[attribute], let value = Int(exactly: value) else {
      throw CompilerError(.invalid, "attribute '\(attribute)' is not an integer")
    }
    return value
  }

  fileprivate func integers(_ attribute: String) throws(CompilerError) -> [Int]? {
    switch node.attributes[attribute] {
    case nil: return nil
    case .integers(let values): return values.map { Int($0) }
    case .some: throw CompilerError(.invalid, "attribute '\(attribute)' is not a list of integers")
    }
  }
}

extension HostTensor {
  /// The elements at one index of an axis, without that axis. - Precondition: both are within the tensor.
  fileprivate func slice(_ index: Int, axis: Int) -> HostTensor {
    let size = dimensions[(axis + 1)...].reduce(elementType.byteCount, *)
    let step = size * dimensions[axis]
    var dimensions = dimensions
    dimensions.remove(at: axis)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(dimensions.elementCount * elementType.byteCount)
    for outer in 0..<self.dimensions[..<axis].reduce(1, *) {
      let start = outer * step + index * size
      bytes += self.bytes[start..<start + size]
    }
    return HostTensor(elementType: elementType, dimensions: dimensions, bytes: bytes)
  }

  /// Tensors of one type and shape, joined along a new axis. - Precondition: there is one at least.
  fileprivate static func stacked(_ slices: [HostTensor], axis: Int) -> HostTensor {
    let size = slices[0].dimensions[axis...].reduce(slices[0].elementType.byteCount, *)
    var dimensions = slices[0].dimensions
    dimensions.insert(slices.count, at: axis)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(slices.count * slices[0].bytes.count)
    for outer in 0..<slices[0].dimensions[..<axis].reduce(1, *) {
      for slice in slices { bytes += slice.bytes[outer * size..<(outer + 1) * size] }
    }
    return HostTensor(elementType: slices[0].elementType, dimensions: dimensions, bytes: bytes)
  }
}
