public import ModelGraph
public import Tensors

/// How often each n-gram of a pool stands in a sequence of whole numbers, `[C]` or `[N,C]`, whose elements may lie apart by skips: counts
/// (`TF`), weights of what occurs (`IDF`), or both multiplied (`TFIDF`), float32. Strings are refused.
public struct TfIdfVectorizer: Operator {
  public static let names = ["TfIdfVectorizer"]

  private enum Mode: String, Sendable {
    case counts = "TF"
    case weights = "IDF"
    case weightedCounts = "TFIDF"
  }

  private let mode: Mode
  private let sizes: ClosedRange<Int>
  private let mostSkips: Int
  private let weights: [Float]?
  private let columnCount: Int
  /// Output columns by n-gram.
  private var columns: [[Int64]: Int] = [:]

  public init(_ description: OperatorDescription) throws(OperatorError) {
    guard description.attributes["pool_strings"] == nil else { throw OperatorError(.unsupported, "counts strings; whole numbers are supported") }
    let name = try description.string("mode", default: "")
    guard let mode = Mode(rawValue: name) else { throw OperatorError(.invalid, "attribute 'mode' is '\(name)'") }
    self.mode = mode
    let (shortest, longest) = (try description.integer("min_gram_length", default: 0), try description.integer("max_gram_length", default: 0))
    let skips = try description.integer("max_skip_count", default: 0)
    guard 1...1024 ~= shortest, shortest...1024 ~= longest, 0...65536 ~= skips else {
      throw OperatorError(.invalid, "counts n-grams of \(shortest) to \(longest) elements with up to \(skips) skips")
    }
    (sizes, mostSkips) = (Int(shortest)...Int(longest), Int(skips))
    weights = try description.floats("weights")
    let starts = try description.integers("ngram_counts") ?? []
    let pool = try description.integers("pool_int64s") ?? []
    let indices = try description.integers("ngram_indexes") ?? []
    guard indices.allSatisfy({ 0..<1 << 24 ~= $0 }), weights == nil || weights!.count == indices.count else {
      throw OperatorError(.invalid, "attribute 'ngram_indexes' has impossible columns, or another length than 'weights'")
    }
    columnCount = (indices.max() ?? -1) + 1
    var next = 0
    for (position, start) in starts.enumerated() {
      let end = position + 1 < starts.count ? starts[position + 1] : pool.count
      guard 0...pool.count ~= start, start...pool.count ~= end, (end - start) % (position + 1) == 0 else {
        throw OperatorError(.invalid, "attribute 'ngram_counts' is \(starts) for a pool of \(pool.count)")
      }
      for first in stride(from: start, to: end, by: position + 1) {
        guard next < indices.count else { throw OperatorError(.invalid, "the pool has more n-grams than 'ngram_indexes' columns") }
        columns[pool[first...first + position].map { Int64($0) }] = indices[next]
        next += 1
      }
    }
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let x = try inputs.required(0, "X").type
    guard x.elementType == .int32 || x.elementType == .int64, 1...2 ~= x.dimensions.count else {
      throw OperatorError(.invalid, "counts n-grams of \(x.elementType.name) \(x.dimensions)")
    }
    return [TensorType(.float32, try checked(x.dimensions.dropLast() + [columnCount]))]
  }

  /// An n-gram of each size and each distance begins at each element.
  public func evaluationCost(for inputs: [OperatorInput?]) -> EvaluationCost {
    let x = inputs.dimensions(0) ?? []
    let distances = min(mostSkips + 1, x.last ?? 0)
    return EvaluationCost(stepsOf: x + [distances, sizes.count, sizes.upperBound])
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let type = try outputTypes(for: inputs.asInputs)[0]
    let x = try inputs.required(0, "X")
    let (elements, length) = (x.integers(), x.dimensions.last ?? 0)
    var result: [Float] = []
    for row in 0..<(type.dimensions.count == 1 ? 1 : type.dimensions[0]) {
      result += counts(Array(elements[row * length..<(row + 1) * length])).enumerated().map { column, count in
        let weight = weights.flatMap { column < $0.count ? $0[column] : nil } ?? 1
        switch mode {
        case .counts: return count
        case .weights: return count > 0 ? weight : 0
        case .weightedCounts: return count * weight
        }
      }
    }
    return [HostTensor(result, dimensions: type.dimensions)]
  }

  private func counts(_ row: [Int64]) -> [Float] {
    var counts = [Float](repeating: 0, count: columnCount)
    for size in sizes {
      // Skips don't change single elements, which count once.
      for distance in 1...(size == 1 ? 1 : mostSkips + 1) {
        let reach = (size - 1) * distance
        guard reach < row.count else { break }
        for start in 0..<row.count - reach {
          let gram = stride(from: start, through: start + reach, by: distance).map { row[$0] }
          if let column = columns[gram] { counts[column] += 1 }
        }
      }
    }
    return counts
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    throw OperatorError(.unsupported, "counts what only exists at run time, which has no instruction")
  }
}
