import ModelFormat
public import ModelGraph
import Tensors

/// LSTM, GRU and RNN: for each direction a matrix product of all inputs at once, and a cell that goes from step to step.
///
/// Inputs: X `[T, N, I]` (`[N, T, I]` with layout 1), W `[D, G·H, I]`, R `[D, G·H, H]`, and optionally B `[D, 2·G·H]`, sequence_lens
/// `[N]`, initial_h `[D, N, H]` (`[N, D, H]`), for LSTM initial_c and P `[D, 3·H]`. Outputs: Y `[T, D, N, H]` (`[N, T, D, H]`), Y_h, and
/// for LSTM Y_c, as the initial states.
public protocol RecurrentLayer: CompositeOperator {
  var settings: RecurrentSettings { get }
}

/// What the layers' attributes say.
public struct RecurrentSettings: Sendable {
  var kind: Recurrence.Kind
  var isReversed: [Bool]
  var clip: Float
  var isBatchFirst: Bool
  /// For each direction.
  var functions: [[GateFunction]]
  var hidden: Int?
  var hasCell: Bool { kind.hasCell }

  init(_ description: OperatorDescription, kind: Recurrence.Kind) throws(OperatorError) {
    self.kind = kind
    let direction = try description.string("direction", default: "forward")
    switch direction {
    case "forward": isReversed = [false]
    case "reverse": isReversed = [true]
    case "bidirectional": isReversed = [false, true]
    default: throw OperatorError(.invalid, "attribute 'direction' is '\(direction)'")
    }
    let defaults = kind == .simple ? ["Tanh"] : kind.hasCell ? ["Sigmoid", "Tanh", "Tanh"] : ["Sigmoid", "Tanh"]
    functions = try GateFunction.reading(description, defaults: defaults, directions: isReversed.count)
    clip = try description.float("clip", default: .infinity)
    guard clip > 0 else { throw OperatorError(.invalid, "attribute 'clip' is \(clip), not positive") }
    isBatchFirst = try description.integer("layout", default: 0) == 1
    hidden = description.attributes["hidden_size"] == nil ? nil : Int(try description.integer("hidden_size", default: 0))
  }
}

extension RecurrentLayer {
  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    let shapes = try RecurrentShapes(inputs, settings)
    var composition = Composition()
    let type = try inputs.required(0, "X").type.elementType
    func read(_ position: Int) throws(OperatorError) -> Composition.Source {
      guard position < inputs.count, let input = inputs[position] else { return .absent }
      guard input.type.elementType != .float32, input.type.elementType.isFloatingPoint else { return .input(position) }
      return composition.add(try Cast(.plain("Cast", ["to": .integer(1)])), .input(position))
    }
    var sources: [Composition.Source] = []
    for position in 0..<8 { sources.append(try read(position)) }
    var x = sources[0]
    if settings.isBatchFirst { x = composition.add(try Transpose(.plain("Transpose", ["perm": .integers([1, 0, 2])])), x) }
    let rows = composition.add(try Reshape(.plain("Reshape")), x, .shape([shapes.steps * shapes.batch, shapes.width]))
    var states: [Composition.Source] = []
    for direction in settings.isReversed.indices {
      states.append(try addDirection(direction, rows: rows, sources, shapes, to: &composition))
    }
    var outputs = [try joined(states.map { ($0, 0..<shapes.steps, 0) }, shapes, to: &composition, asSequence: true)]
    for part in 0..<(settings.hasCell ? 2 : 1) {
      outputs.append(try joined(states.map { ($0, shapes.steps..<shapes.steps + 1, part) }, shapes, to: &composition, asSequence: false))
    }
    if type != .float32 {
      for index in outputs.indices { outputs[index] = composition.add(try Cast(.plain("Cast", ["to": .integer(type == .float16 ? 10 : 11)])), outputs[index]) }
    }
    composition.outputs = outputs
    return composition
  }

  /// One direction from its share of the inputs to its states.
  private func addDirection(
    _ direction: Int, rows: Composition.Source, _ sources: [Composition.Source], _ shapes: RecurrentShapes, to composition: inout Composition
  ) throws(OperatorError) -> Composition.Source {
    let (gates, hidden) = (settings.kind.gateCount, shapes.hidden)
    func share(_ position: Int, axis: Int = 0) throws(OperatorError) -> Composition.Source {
      guard shapes.isPresent[position] else { return .absent }
      let index = Composition.Source.constant(HostTensor([Int64(direction)], dimensions: []))
      return composition.add(try Gather(.plain("Gather", ["axis": .integer(Int64(axis))])), sources[position], index)
    }
    func part(_ source: Composition.Source, _ range: Range<Int>) throws(OperatorError) -> Composition.Source {
      composition.add(try Slice(.plain("Slice")), source, .shape([range.lowerBound]), .shape([range.upperBound]), .shape([0]))
    }
    var bias = Composition.Source.absent
    var recurrentBias = Composition.Source.absent
    if shapes.isPresent[3] {
      let all = try share(3)
      let input = try part(all, 0..<gates * hidden)
      // A reset gate that comes after the product multiplies the candidate's recurrent bias, too.
      let mergedCount = settings.kind == .gruResetAfter ? 2 * hidden : gates * hidden
      var recurrent = try part(all, gates * hidden..<gates * hidden + mergedCount)
      if settings.kind == .gruResetAfter {
        recurrentBias = try part(all, gates * hidden + mergedCount..<2 * gates * hidden)
        let zeros = Composition.Source.constant(HostTensor([Float](repeating: 0, count: hidden), dimensions: [hidden]))
        recurrent = composition.add(try Concat(.plain("Concat", ["axis": .integer(0)])), recurrent, zeros)
      }
      bias = composition.add(Add(.plain("Add")), input, recurrent)
    }
    let product = composition.add(try Gemm(.plain("Gemm", ["transB": .integer(1)])), rows, try share(1), bias)
    let sequence = composition.add(try Reshape(.plain("Reshape")), product, .shape([shapes.steps, shapes.batch, gates * hidden]))
    let cell = RecurrentCell(
      kind: settings.kind, isReversed: settings.isReversed[direction], clip: settings.clip, functions: settings.functions[direction])
    let axis = settings.isBatchFirst ? 1 : 0
    return composition.add(
      cell, sequence, try share(2), recurrentBias, settings.hasCell ? try share(7) : .absent, sources[4], try share(5, axis: axis),
      settings.hasCell ? try share(6, axis: axis) : .absent)
  }

  /// A part of every direction's states, side by side: `[T, D, N, H]`, or `[D, N, H]` for one step; batch first where the layer is.
  private func joined(
    _ parts: [(states: Composition.Source, steps: Range<Int>, part: Int)], _ shapes: RecurrentShapes, to composition: inout Composition, asSequence: Bool
  ) throws(OperatorError) -> Composition.Source {
    var slices: [Composition.Source] = []
    for (states, steps, part) in parts {
      let slice = composition.add(
        try Slice(.plain("Slice")), states, .shape([steps.lowerBound, part]), .shape([steps.upperBound, part + 1]), .shape([0, 2]))
      // The part's axis becomes the direction's; a final state drops its step.
      slices.append(
        asSequence
          ? composition.add(try Transpose(.plain("Transpose", ["perm": .integers([0, 2, 1, 3])])), slice)
          : composition.add(try Reshape(.plain("Reshape")), slice, .shape([1, shapes.batch, shapes.hidden])))
    }
    var joined = slices[0]
    if slices.count > 1 {
      joined = composition.add(try Concat(.plain("Concat", ["axis": .integer(asSequence ? 1 : 0)])), slices, outputCount: 1)[0]
    }
    guard settings.isBatchFirst else { return joined }
    return composition.add(try Transpose(.plain("Transpose", ["perm": .integers(asSequence ? [2, 0, 1, 3] : [1, 0, 2])])), joined)
  }
}

extension Composition.Source {
  /// Whole numbers: a shape, axes, bounds.
  static func shape(_ values: [Int]) -> Composition.Source { .constant(HostTensor(values.map { Int64($0) }, dimensions: [values.count])) }
}

/// The sizes of a recurrent layer, agreed upon by all its inputs.
private struct RecurrentShapes {
  let steps: Int
  let batch: Int
  let width: Int
  let hidden: Int
  let isPresent: [Bool]

  init(_ inputs: [OperatorInput?], _ settings: RecurrentSettings) throws(OperatorError) {
    let x = try inputs.required(0, "X").type.dimensions
    let w = try inputs.required(1, "W").type.dimensions
    let r = try inputs.required(2, "R").type.dimensions
    let directions = settings.isReversed.count
    guard x.count == 3, w.count == 3, r.count == 3 else { throw OperatorError(.invalid, "has X \(x), W \(w) and R \(r); each needs three axes") }
    (steps, batch) = settings.isBatchFirst ? (x[1], x[0]) : (x[0], x[1])
    (width, hidden) = (x[2], r[2])
    let rows = settings.kind.gateCount * hidden
    guard steps >= 1, batch >= 1, hidden >= 1, w == [directions, rows, width], r == [directions, rows, hidden], settings.hidden ?? hidden == hidden else {
      throw OperatorError(.invalid, "has X \(x), W \(w) and R \(r) for \(directions) directions of \(settings.kind.gateCount) gates")
    }
    let state = settings.isBatchFirst ? [batch, directions, hidden] : [directions, batch, hidden]
    let expected: [Int: (String, [Int])] = [
      3: ("B", [directions, 2 * rows]), 4: ("sequence_lens", [batch]), 5: ("initial_h", state), 6: ("initial_c", state),
      7: ("P", [directions, 3 * hidden]),
    ]
    for (position, (name, dimensions)) in expected where position < inputs.count {
      guard let input = inputs[position] else { continue }
      guard input.type.dimensions == dimensions else { throw OperatorError(.invalid, "input '\(name)' is \(input.type.dimensions), not \(dimensions)") }
    }
    isPresent = (0..<8).map { $0 < inputs.count && inputs[$0] != nil }
  }
}
