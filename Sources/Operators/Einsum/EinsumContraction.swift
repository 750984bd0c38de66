import ModelGraph
import Tensors

/// An equation's operands multiplied from the left to the right.
struct EinsumContraction {
  typealias Label = EinsumEquation.Label

  /// An operand or an intermediate result: a label for each axis, each once.
  struct Term {
    var source: Composition.Source
    var labels: [Label]
  }

  private let equation: EinsumEquation
  private let types: [TensorType]
  private var sizes: [Label: Int] = [:]
  private var parts = Composition()

  init(equation: EinsumEquation, types: [TensorType]) throws(OperatorError) {
    self.equation = equation
    self.types = types
    for (labels, type) in zip(equation.operands, types) {
      for (label, size) in zip(labels, type.dimensions) {
        let known = sizes[label] ?? size
        guard known == size || known == 1 || size == 1 else {
          throw OperatorError(.invalid, "an axis has \(known) elements in one operand and \(size) in another")
        }
        sizes[label] = known == 1 ? size : known
      }
    }
  }

  mutating private func run() throws(OperatorError) -> Composition {
    let elementType = types[0].elementType
    let computed = elementType == .float16 ? .float32 : elementType
    var terms: [Term] = []
    for (position, labels) in equation.operands.enumerated() {
      let source = try parts.converted(.input(position), from: elementType, to: computed)
      terms.append(try operand(source, labels, types[position].dimensions))
    }
    var result = terms[0]
    for position in terms.indices.dropFirst() {
      let needed = Set(equation.output).union(terms[(position + 1)...].flatMap(\.labels))
      result = try product(result, terms[position], needed: needed)
    }
    result = try summed(result, keeping: Set(equation.output))
    // What only had one element in every operand that named it is there again.
    var order = equation.output.filter { result.labels.contains($0) }
    let source = try parts.transposed(result.source, order.map { label in result.labels.firstIndex(of: label)! })
    order = equation.output
    let y = result.labels.count == order.count ? source : try parts.reshaped(source, to: order.map { size($0) })
    parts.outputs = [try parts.converted(y, from: computed, to: elementType)]
    return parts
  }

  func composition() throws(OperatorError) -> Composition {
    var contraction = self
    return try contraction.run()
  }

  private func size(_ label: Label) -> Int { sizes[label] ?? 1 }

  /// An operand with each label once, and without axes of one element.
  private mutating func operand(_ source: Composition.Source, _ labels: [Label], _ dimensions: [Int]) throws(OperatorError) -> Term {
    var (source, labels, dimensions) = (source, labels, dimensions)
    let kept = labels.indices.filter { dimensions[$0] != 1 }
    if kept.count < labels.count {
      labels = kept.map { labels[$0] }
      dimensions = kept.map { dimensions[$0] }
      source = try parts.reshaped(source, to: dimensions)
    }
    while let second = labels.indices.first(where: { labels[..<$0].contains(labels[$0]) }) {
      // The two axes last, as one of n × n elements: every n + 1st is on the diagonal.
      let first = labels.firstIndex(of: labels[second])!
      let others = labels.indices.filter { $0 != first && $0 != second }
      let n = dimensions[first]
      let outer = others.map { dimensions[$0] }
      source = try parts.transposed(source, others + [first, second])
      source = try parts.reshaped(source, to: [outer.elementCount, n * n])
      source = try parts.slice(source, axis: 1, from: 0, to: n * n, step: n + 1)
      source = try parts.reshaped(source, to: outer + [n])
      (labels, dimensions) = (others.map { labels[$0] } + [labels[first]], outer + [n])
    }
    return Term(source: source, labels: labels)
  }

  private mutating func summed(_ term: Term, keeping needed: Set<Label>) throws(OperatorError) -> Term {
    let axes = term.labels.indices.filter { !needed.contains(term.labels[$0]) }
    guard !axes.isEmpty else { return term }
    return Term(source: try parts.total(of: term.source, over: axes, keepsAxes: false), labels: term.labels.filter { needed.contains($0) })
  }

  /// The product of two terms, summed over what nobody needs after it.
  private mutating func product(_ left: Term, _ right: Term, needed: Set<Label>) throws(OperatorError) -> Term {
    let a = try summed(left, keeping: needed.union(right.labels))
    let b = try summed(right, keeping: needed.union(left.labels))
    let shared = a.labels.filter { b.labels.contains($0) }
    let batch = shared.filter { needed.contains($0) }
    let inner = shared.filter { !needed.contains($0) }
    let rows = a.labels.filter { !shared.contains($0) }
    let columns = b.labels.filter { !shared.contains($0) }
    let count = { (labels: [Label], sizes: [Label: Int]) in labels.map { sizes[$0] ?? 1 }.elementCount }
    let (m, k, n) = (count(rows, sizes), count(inner, sizes), count(columns, sizes))
    let leading = batch.isEmpty ? [] : [count(batch, sizes)]
    _ = try checked((batch + rows + columns).map { size($0) })
    let x = try parts.reshaped(try arranged(a, batch + rows + inner), to: leading + [m, k])
    let w = try parts.reshaped(try arranged(b, batch + inner + columns), to: leading + [k, n])
    let labels = batch + rows + columns
    return Term(source: try parts.reshaped(parts.matrixProduct(x, w), to: labels.map { size($0) }), labels: labels)
  }

  private mutating func arranged(_ term: Term, _ labels: [Label]) throws(OperatorError) -> Composition.Source {
    try parts.transposed(term.source, labels.map { label in term.labels.firstIndex(of: label)! })
  }
}
