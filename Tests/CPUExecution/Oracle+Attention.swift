import ModelFormat
import Tensors

extension Oracle {
  mutating func run(_ fields: Attention) {
    let (queries, keys) = (self[fields.queries].dimensions, self[fields.keys].dimensions)
    let (width, heads) = (queries[1], Int(fields.heads))
    let size = width / heads
    let rows = fields.count.map { min(max(long($0, 0), 0), keys[0]) } ?? keys[0]
    for query in 0..<queries[0] {
      for head in 0..<heads {
        let places = (0..<size).map { head * size + $0 }
        func score(_ key: TensorIndex, _ row: Int) -> Double {
          places.reduce(0) { $0 + Double(float(fields.queries, query * width + $1)) * Double(float(key, row * width + $1)) }
        }
        var scores = (0..<rows).map { score(fields.keys, $0) }
        if let own = fields.ownKey { scores.append(score(own, 0)) }
        let largest = scores.max() ?? 0
        let shares = scores.map { ($0 - largest).exponential }
        let total = shares.reduce(0, +)
        for place in places {
          var found = (0..<rows).reduce(0.0) { $0 + shares[$1] * Double(float(fields.values, $1 * width + place)) }
          if let own = fields.ownValue { found += shares[rows] * Double(float(own, place)) }
          set(fields.output, query * width + place, total > 0 ? Float(found / total) : 0)
        }
      }
    }
  }

  mutating func run(_ fields: Rotation) {
    let (input, table) = (self[fields.input].dimensions, self[fields.cosines].dimensions)
    let size = input[1] / Int(fields.heads)
    for row in 0..<input[0] {
      let given = long(fields.rowPositions, row)
      let asked = given < 0 ? given + table[0] : given
      let position = min(max(asked, 0), table[0] - 1)
      if asked != position { faultCount += 1 }
      for head in 0..<Int(fields.heads) {
        let first = row * input[1] + head * size
        for i in 2 * table[1]..<max(size, 2 * table[1]) { set(fields.output, first + i, float(fields.input, first + i)) }
        for pair in 0..<table[1] {
          let (a, b) = fields.isInterleaved ? (first + 2 * pair, first + 2 * pair + 1) : (first + pair, first + table[1] + pair)
          let (cosine, sine) = (float(fields.cosines, position * table[1] + pair), float(fields.sines, position * table[1] + pair))
          let (x, y) = (float(fields.input, a), float(fields.input, b))
          set(fields.output, a, cosine * x - sine * y)
          set(fields.output, b, sine * x + cosine * y)
        }
      }
    }
  }

  mutating func run(_ fields: Normalisation) {
    let input = self[fields.input]
    let width = input.dimensions.last!
    for first in stride(from: 0, to: input.elementCount, by: width) {
      let values = (0..<width).map { Double(float(fields.input, first + $0)) }
      let mean = values.reduce(0, +) / Double(width)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
      for i in 0..<width {
        let scaled = (values[i] - mean) / (variance + Double(fields.epsilon)).squareRoot() * Double(float(fields.scale, i))
        set(fields.output, first + i, Float(scaled + (fields.shift.map { Double(float($0, i)) } ?? 0)))
      }
    }
  }

  private func long(_ index: TensorIndex, _ position: Int) -> Int {
    Int(truncatingIfNeeded: (0..<8).reduce(UInt64(0)) { $0 | UInt64(byte(index, 8 * position + $1)) << UInt64(8 * $1) })
  }
}

extension Double {
  /// e^self by e^(self / 2^20), for which the first powers are enough, squared twenty times.
  fileprivate var exponential: Double {
    let part = self / 1_048_576
    let power = 1 + part * (1 + part / 2 * (1 + part / 3))
    return (0..<20).reduce(power) { result, _ in result * result }
  }
}
