import Glibc
import ModelFormat
public import ModelGraph
import Tensors

/// Scaled dot-product attention (A. Vaswani et al., "Attention is all you need", 2017) with several heads, groups of which may share
/// keys and values. Inputs: Q, K, V as `[N, heads, length, size]` or `[N, length, heads × size]`, an optional mask (what takes part, or an
/// addend), the keys and values of the past, which go before the new ones, and how many keys of each sample count. Outputs: the result, present keys and values, and the
/// scores at one stage. A query that may attend to nothing gives 0.
public struct Attention: DecomposedOperator {
  public static let names = ["Attention"]

  public var isCausal: Bool
  public var scale: Float?
  public var softcap: Float
  public var queryHeads: Int?
  public var keyHeads: Int?
  /// 0 the scaled scores, 1 after the cap, 2 after the mask, 3 after softmax.
  public var scoresStage: Int64

  public init(_ description: OperatorDescription) throws(OperatorError) {
    isCausal = try description.integer("is_causal", default: 0) != 0
    scale = description.attributes["scale"] == nil ? nil : try description.float("scale", default: 1)
    softcap = try description.float("softcap", default: 0)
    queryHeads = try Self.heads("q_num_heads", description)
    keyHeads = try Self.heads("kv_num_heads", description)
    scoresStage = try description.integer("qk_matmul_output_mode", default: 0)
    guard 0...3 ~= scoresStage else { throw OperatorError(.invalid, "attribute 'qk_matmul_output_mode' is \(scoresStage)") }
    for name in ["left_window_size", "right_window_size"] {
      guard try description.integer(name, default: -1) == -1 else {
        throw OperatorError(.unsupported, "attribute '\(name)' is set; sliding windows are not supported")
      }
    }
  }

  private static func heads(_ name: String, _ description: OperatorDescription) throws(OperatorError) -> Int? {
    guard description.attributes[name] != nil else { return nil }
    let count = try description.integer(name, default: 0)
    guard 1...1 << 20 ~= count else { throw OperatorError(.invalid, "attribute '\(name)' is \(count)") }
    return Int(count)
  }

  public var tolerance: Float { 2e-5 }

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    var attention = AttentionParts(attention: self, inputs: inputs)
    return try attention.composition()
  }

  /// One instruction where one sample's queries attend to all of its keys, head by head, and nobody asks for more than the result.
  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    let composition = try composition(for: lowering.inputs(of: node))
    guard node.outputs.count == 1, node.inputs.dropFirst(3).allSatisfy({ $0 == nil }), !isCausal, softcap == 0, let q = node.input(0), let k = node.input(1),
      let v = node.input(2), let queries = HeadRows(q, heads: queryHeads, in: lowering), let keys = HeadRows(k, heads: keyHeads, in: lowering),
      let values = HeadRows(v, heads: keyHeads, in: lowering), queries.heads == keys.heads, keys.heads == values.heads, queries.size == keys.size,
      keys.size == values.size
    else { return try lowering.lower(composition, of: node) }
    var query = queries.matrix(in: &lowering)
    let scale = scale ?? 1 / Float(queries.size).squareRoot()
    if scale != 1 {
      let scaled = lowering.addTensor(like: query, dimensions: [queries.length, queries.heads * queries.size])
      lowering.emit(.unary(Unary(function: .affine, alpha: scale, input: query, output: scaled)))
      query = scaled
    }
    let (key, value) = (keys.matrix(in: &lowering), values.matrix(in: &lowering))
    let output = lowering.result(node.outputs[0], layout: queries.layout, as: .plain)
    lowering.emit(
      .attention(
        ModelFormat.Attention(
          queries: query, keys: key, values: value, output: lowering.addView(of: output, dimensions: [queries.length, queries.heads * queries.size]),
          heads: Int32(queries.heads))))
  }
}

/// A value of one sample, read as rows in which each head's elements stand together.
struct HeadRows {
  let value: ValueID
  let layout: Layout
  let length: Int
  let heads: Int
  let size: Int

  /// nil where the value is of several samples, of none, or no float32.
  init?(_ value: ValueID, heads: Int?, in lowering: Lowering) {
    let type = lowering.graph.type(of: value)
    guard type.elementType == .float32, type.dimensions.first == 1, type.dimensions.elementCount > 0 else { return nil }
    self.value = value
    if type.dimensions.count == 4 {
      layout = Layout([0, 2, 1, 3])
      (self.heads, length, size) = (type.dimensions[1], type.dimensions[2], type.dimensions[3])
    } else {
      guard type.dimensions.count == 3, let heads, heads > 0, type.dimensions[2] % heads == 0 else { return nil }
      layout = .identity(rank: 3)
      (self.heads, length, size) = (heads, type.dimensions[1], type.dimensions[2] / heads)
    }
  }

  func matrix(in lowering: inout Lowering) -> TensorIndex {
    lowering.addView(of: lowering.operand(value, layout: layout, as: .plain), dimensions: [length, heads * size])
  }
}

/// The composition under construction.
private struct AttentionParts {
  typealias Source = Composition.Source
  let attention: Attention
  let inputs: [OperatorInput?]
  var parts = Composition()

  /// Keys or values with those of the past before them: `[N, heads, length, size]`.
  struct Sequence {
    var source: Source
    var dimensions: [Int]
  }

  mutating func composition() throws(OperatorError) -> Composition {
    let type = try inputs.required(0, "Q").type
    let elementType = type.elementType
    let computed = try elementType.computed("Q")
    let isFlat = type.dimensions.count == 3
    let q = try split(0, "Q", heads: attention.queryHeads, to: computed)
    let newKeys = try split(1, "K", heads: attention.keyHeads, to: computed)
    let k = try joined(past: 4, with: newKeys, to: computed)
    let v = try joined(past: 5, with: try split(2, "V", heads: attention.keyHeads, to: computed), to: computed)
    try check(q.dimensions, k.dimensions, v.dimensions)
    let scale = attention.scale ?? 1 / Float(max(q.dimensions[3], 1)).squareRoot()
    let (queries, keys, shape) = try grouped(q, try transposedKeys(k))
    var scores = try parts.reshaped(parts.matrixProduct(parts.affine(queries, times: scale), keys), to: shape)
    var stages = [scores]
    if attention.softcap > 0 {
      scores = parts.affine(parts.function(.tanh, of: parts.affine(scores, times: 1 / attention.softcap)), times: attention.softcap)
    }
    stages.append(scores)
    let masked = try self.masked(scores, shape: shape, past: k.dimensions[2] - newKeys.dimensions[2], computed: computed)
    stages.append(masked.scores)
    var weights = try parts.softmax(of: masked.scores, over: 3)
    if masked.mayBeEmpty {
      let none = parts.add(
        Equal(.plain("Equal")), try parts.greatest(of: masked.scores, over: [3]),
        .constant(HostTensor([-Float.infinity], dimensions: []).converted(to: computed)))
      weights = parts.add(Where(.plain("Where")), none, .constant(HostTensor([Float(0)], dimensions: []).converted(to: computed)), weights)
    }
    stages.append(weights)
    let y = try result(weights, v, heads: shape[1], length: shape[2], isFlat: isFlat)
    let valueType = try inputs.required(2, "V").type.elementType
    parts.outputs = [
      try parts.converted(y, from: computed, to: elementType), try parts.converted(k.source, from: computed, to: elementType),
      try parts.converted(v.source, from: computed, to: valueType),
      try parts.converted(stages[Int(attention.scoresStage)], from: computed, to: elementType),
    ]
    return parts
  }

  /// An input as `[N, heads, length, size]`.
  private mutating func split(_ position: Int, _ name: String, heads: Int?, to computed: ElementType) throws(OperatorError) -> Sequence {
    let type = try inputs.required(position, name).type
    let source = try parts.converted(.input(position), from: type.elementType, to: computed)
    if type.dimensions.count == 4 { return Sequence(source: source, dimensions: type.dimensions) }
    guard type.dimensions.count == 3, let heads, type.dimensions[2] % heads == 0 else {
      throw OperatorError(.invalid, "input '\(name)' \(type.dimensions) doesn't divide into \(heads.map(String.init) ?? "an unknown number of") heads")
    }
    let (batch, length, size) = (type.dimensions[0], type.dimensions[1], type.dimensions[2] / heads)
    let apart = try parts.reshaped(source, to: [batch, length, heads, size])
    return Sequence(source: try parts.transposed(apart, [0, 2, 1, 3]), dimensions: [batch, heads, length, size])
  }

  private mutating func joined(past position: Int, with new: Sequence, to computed: ElementType) throws(OperatorError) -> Sequence {
    guard position < inputs.count, let past = inputs[position]?.type else { return new }
    var dimensions = new.dimensions
    guard past.dimensions.count == 4, past.dimensions[0] == dimensions[0], past.dimensions[1] == dimensions[1], past.dimensions[3] == dimensions[3] else {
      throw OperatorError(.invalid, "the past \(past.dimensions) doesn't fit \(dimensions)")
    }
    dimensions[2] += past.dimensions[2]
    let source = try parts.converted(.input(position), from: past.elementType, to: computed)
    return Sequence(source: try parts.concatenated([source, new.source], along: 2), dimensions: try checked(dimensions))
  }

  private func check(_ q: [Int], _ k: [Int], _ v: [Int]) throws(OperatorError) {
    guard q[0] == k[0], q[0] == v[0], k[1] == v[1], k[1] > 0, q[1] % k[1] == 0, q[3] == k[3], k[2] == v[2], q.elementCount > 0, k.elementCount > 0 else {
      throw OperatorError(.invalid, "Q \(q), K \(k) and V \(v) don't fit each other")
    }
  }

  private mutating func transposedKeys(_ k: Sequence) throws(OperatorError) -> Sequence {
    Sequence(source: try parts.transposed(k.source, [0, 1, 3, 2]), dimensions: [k.dimensions[0], k.dimensions[1], k.dimensions[3], k.dimensions[2]])
  }

  /// Queries that share keys as the rows of one matrix, `[N, key heads, group × length, size]`, and the scores' own dimensions.
  private mutating func grouped(_ q: Sequence, _ keys: Sequence) throws(OperatorError) -> (Source, Source, [Int]) {
    let rows = q.dimensions[1] / keys.dimensions[1] * q.dimensions[2]
    let shape = [q.dimensions[0], q.dimensions[1], q.dimensions[2], keys.dimensions[3]]
    return (try parts.reshaped(q.source, to: [q.dimensions[0], keys.dimensions[1], rows, q.dimensions[3]]), keys.source, shape)
  }

  private mutating func result(_ weights: Source, _ v: Sequence, heads: Int, length: Int, isFlat: Bool) throws(OperatorError) -> Source {
    let (batch, keyHeads, size) = (v.dimensions[0], v.dimensions[1], v.dimensions[3])
    let rows = try parts.reshaped(weights, to: [batch, keyHeads, heads / keyHeads * length, v.dimensions[2]])
    let y = try parts.reshaped(parts.matrixProduct(rows, v.source), to: [batch, heads, length, size])
    return isFlat ? try parts.reshaped(try parts.transposed(y, [0, 2, 1, 3]), to: [batch, length, heads * size]) : y
  }

  /// How many keys of each sample count, as `[N,1,1,1]`; nil where all do.
  private mutating func keyCounts(batch: Int) throws(OperatorError) -> Source? {
    guard inputs.count > 6, let counts = inputs[6]?.type else { return nil }
    guard counts.dimensions == [batch], counts.elementType == .int64, inputs[4] == nil, inputs[5] == nil else {
      throw OperatorError(.invalid, "input 'nonpad_kv_seqlen' is \(counts.dimensions) for \(batch) samples, or stands beside a past")
    }
    return try parts.reshaped(.input(6), to: [batch, 1, 1, 1])
  }

  /// 0 where something holds, −∞ elsewhere.
  private mutating func addend(where condition: Source, computed: ElementType) -> Source {
    let number = { (value: Float) in Source.constant(HostTensor([value], dimensions: []).converted(to: computed)) }
    return parts.add(Where(.plain("Where")), condition, number(0), number(-.infinity))
  }

  /// Adds what the mask and causality forbid, −∞; says whether a query may be left with nothing.
  private mutating func masked(
    _ scores: Source, shape: [Int], past: Int, computed: ElementType
  ) throws(OperatorError) -> (scores: Source, mayBeEmpty: Bool) {
    var result = scores
    var mayBeEmpty = false
    if inputs.count > 3, let mask = inputs[3]?.type {
      result = try applied(mask, to: result, length: shape[3], computed: computed)
      mayBeEmpty = true
    }
    let counts = try keyCounts(batch: shape[0])
    if let counts {
      let positions = HostTensor((0..<Int64(shape[3])).map { $0 }, dimensions: [shape[3]])
      result = parts.sum(result, addend(where: parts.add(Less(.plain("Less")), .constant(positions), counts), computed: computed))
      mayBeEmpty = true
    }
    guard attention.isCausal else { return (result, mayBeEmpty) }
    guard shape[2] * shape[3] <= 1 << 24 else { throw OperatorError(.unsupported, "has a causal mask of \(shape[2]) × \(shape[3])") }
    let distances = (0..<shape[2]).flatMap { query in (0..<shape[3]).map { Int64($0 - query) } }
    if let counts {
      // The last query stands at the last key that counts.
      let offset = parts.difference(counts, .constant(HostTensor([Int64(shape[2])], dimensions: [])))
      let ahead = Source.constant(HostTensor(distances, dimensions: [shape[2], shape[3]]))
      result = parts.sum(result, addend(where: parts.add(LessOrEqual(.plain("LessOrEqual")), ahead, offset), computed: computed))
    } else {
      let values = distances.map { $0 <= Int64(past) ? Float(0) : -.infinity }
      result = parts.sum(result, .constant(HostTensor(values, dimensions: [shape[2], shape[3]]).converted(to: computed)))
    }
    return (result, mayBeEmpty)
  }

  private mutating func applied(_ mask: TensorType, to scores: Source, length: Int, computed: ElementType) throws(OperatorError) -> Source {
    var source = Source.input(3)
    let missing = length - (mask.dimensions.last ?? 1)
    let isTruth = mask.elementType == .bool
    if missing > 0, mask.dimensions.last ?? 1 > 1 || length == 1 {
      // What the mask doesn't tell doesn't take part.
      let rank = mask.dimensions.count
      let pads = [Int64](repeating: 0, count: 2 * rank - 1) + [Int64(missing)]
      let fill = HostTensor([isTruth ? 0 : -Float.infinity], dimensions: []).converted(to: mask.elementType)
      source = parts.add(try Pad(.plain("Pad")), source, .constant(HostTensor(pads, dimensions: [2 * rank])), .constant(fill))
    }
    return parts.sum(scores, isTruth ? addend(where: source, computed: computed) : try parts.converted(source, from: mask.elementType, to: computed))
  }
}
