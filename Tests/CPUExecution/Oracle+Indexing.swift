import ModelFormat
import Tensors

extension Oracle {
  /// The row that coordinates name, and how many of them lie outside.
  private func row(_ indices: TensorIndex, _ first: Int, _ extents: [Int32]) -> (row: Int, faults: Int) {
    var (row, faults) = (0, 0)
    for (i, extent) in extents.enumerated() {
      var index = Int(whole(indices, first + i))
      if index < 0 { index += Int(extent) }
      if !(0..<Int(extent) ~= index) { faults += 1 }
      row = row * Int(extent) + min(max(index, 0), Int(extent) - 1)
    }
    return (row, faults)
  }

  mutating func run(_ fields: Gather) {
    let (count, inner, depth) = (Int(fields.count), Int(fields.inner), fields.extents.count)
    let rows = fields.extents.reduce(1) { $0 * Int($1) }
    for b in 0..<Int(fields.batch) {
      for i in 0..<count {
        let found = row(fields.indices, ((fields.sharesIndices ? 0 : b) * count + i) * depth, fields.extents)
        faultCount += UInt64(found.faults)
        for j in 0..<inner { set(fields.output, (b * count + i) * inner + j, bits: bits(fields.input, (b * rows + found.row) * inner + j)) }
      }
    }
  }

  mutating func run(_ fields: Scatter) {
    let (count, inner, depth) = (Int(fields.count), Int(fields.inner), fields.extents.count)
    let rows = fields.extents.reduce(1) { $0 * Int($1) }
    for i in 0..<self[fields.output].elementCount { set(fields.output, i, bits: bits(fields.input, i)) }
    for b in 0..<Int(fields.batch) {
      for i in 0..<count {
        let found = row(fields.indices, (b * count + i) * depth, fields.extents)
        faultCount += UInt64(found.faults)
        guard found.faults == 0 else { continue }
        for j in 0..<inner { combine(fields, (b * count + i) * inner + j, (b * rows + found.row) * inner + j) }
      }
    }
  }

  private mutating func combine(_ fields: Scatter, _ update: Int, _ target: Int) {
    if fields.reduction == .none { return set(fields.output, target, bits: bits(fields.updates, update)) }
    if self[fields.output].elementType == .float32 {
      let (x, y) = (float(fields.output, target), float(fields.updates, update))
      let value =
        switch fields.reduction {
        case .add: x + y
        case .multiply: x * y
        case .minimum: x.isNaN || y.isNaN ? .nan : min(x, y)
        default: x.isNaN || y.isNaN ? .nan : max(x, y)
        }
      return set(fields.output, target, value)
    }
    let (x, y) = (whole(fields.output, target), whole(fields.updates, update))
    let value =
      switch fields.reduction {
      case .add: x + y
      case .multiply: x &* y
      case .minimum: min(x, y)
      default: max(x, y)
      }
    set(fields.output, target, whole: value)
  }

  /// Whether the element at `a` is sought before that at `b`; nil where they are equal.
  private func goesFirst(_ index: TensorIndex, _ a: Int, _ b: Int, findsLeast: Bool) -> Bool? {
    switch (number(index, a), number(index, b)) {
    case (.whole(let x), .whole(let y)): return x == y ? nil : findsLeast ? x < y : x > y
    case (.real(let x), .real(let y)):
      if x.isNaN || y.isNaN { return x.isNaN && y.isNaN ? nil : x.isNaN }
      return x == y ? nil : findsLeast ? x < y : x > y
    default: preconditionFailure("one tensor, two kinds of number")
    }
  }

  mutating func run(_ fields: ArgReduction) {
    let (reduced, inner) = (Int(fields.reduced), Int(fields.inner))
    for o in 0..<Int(fields.outer) {
      for i in 0..<inner {
        var best = 0
        for r in 1..<max(reduced, 1) {
          let first = goesFirst(fields.input, (o * reduced + r) * inner + i, (o * reduced + best) * inner + i, findsLeast: fields.findsLeast)
          if first ?? fields.takesLast { best = r }
        }
        set(fields.output, o * inner + i, whole: Int128(best))
      }
    }
  }

  mutating func run(_ fields: TopK) {
    let (length, count) = (Int(fields.length), Int(fields.count))
    for o in 0..<Int(fields.outer) {
      let order = (0..<length).sorted { goesFirst(fields.input, o * length + $0, o * length + $1, findsLeast: fields.findsLeast) ?? ($0 < $1) }
      for i in 0..<count { set(fields.output, o * count + i, whole: Int128(order[i])) }
    }
  }
}
