import Foundation
import ModelFormat
import Tensors

extension Oracle {
  mutating func run(_ fields: Binary) {
    let output = self[fields.output]
    let strides = output.dimensions.rowMajorStrides
    func source(_ operand: TensorIndex, _ position: Int) -> Int {
      let dimensions = self[operand].dimensions
      let own = dimensions.rowMajorStrides
      let missing = output.dimensions.count - dimensions.count
      return dimensions.indices.reduce(0) { total, axis in
        dimensions[axis] == 1 ? total : total + position / strides[axis + missing] % output.dimensions[axis + missing] * own[axis]
      }
    }
    for i in 0..<output.elementCount {
      let (x, y) = (real(fields.left, source(fields.left, i)), real(fields.right, source(fields.right, i)))
      let value: Float =
        switch fields.operation {
        case .add: x + y
        case .subtract: x - y
        case .multiply: x * y
        case .divide: x / y
        case .minimum: min(x, y)
        case .maximum: max(x, y)
        case .power: Float(pow(Double(x), Double(y)))
        }
      let clamped = value.isNaN ? value : min(max(value, fields.lower), fields.upper)
      if let quantisation = output.quantisation {
        set(fields.output, i, quantisation.quantised(clamped, in: output.elementType.eightBitRange!))
      } else {
        set(fields.output, i, clamped)
      }
    }
  }

  mutating func run(_ fields: Softmax) {
    let width = self[fields.output].dimensions.last!
    for row in 0..<self[fields.output].elementCount / width {
      let values = (0..<width).map { Double(float(fields.input, row * width + $0)) }
      let largest = values.max()!
      let total = values.reduce(0) { $0 + exp($1 - largest) }
      for (i, x) in values.enumerated() {
        set(fields.output, row * width + i, Float(fields.isLogarithmic ? x - largest - log(total) : exp(x - largest) / total))
      }
    }
  }

  mutating func run(_ fields: StridedCopy) {
    let size = self[fields.output].elementType.byteCount
    let extents = fields.extents.map { Int($0) }
    for i in 0..<extents.reduce(1, *) {
      var (rest, from, to) = (i, Int(fields.inputOffset), Int(fields.outputOffset))
      for axis in extents.indices.reversed() {
        from += rest % extents[axis] * Int(fields.inputStrides[axis])
        to += rest % extents[axis] * Int(fields.outputStrides[axis])
        rest /= extents[axis]
      }
      for b in 0..<size { setByte(fields.output, to * size + b, byte(fields.input, from * size + b)) }
    }
  }

  mutating func run(_ fields: Reduction) {
    let (reduced, inner) = (Int(fields.reduced), Int(fields.inner))
    if self[fields.input].elementType != .float32, self[fields.input].quantisation == nil { return reduceWhole(fields) }
    for o in 0..<Int(fields.outer) {
      for i in 0..<inner {
        let run = (0..<reduced).map { (o * reduced + $0) * inner + i }
        if let quantisation = self[fields.input].quantisation {
          let values = run.map { integer(fields.input, $0) }
          switch fields.kind {
          case .maximum: set(fields.output, o * inner + i, values.max()!)
          case .minimum: set(fields.output, o * inner + i, values.min()!)
          default:
            let factor = quantisation.scale / self[fields.output].quantisation!.scale / Float(reduced)
            set(fields.output, o * inner + i, saturated(Float(values.reduce(0) { $0 + $1 - quantisation.zeroPoint }) * factor, fields.output))
          }
          continue
        }
        let values = run.map { Double(float(fields.input, $0)) }
        let value =
          switch fields.kind {
          case .mean: values.reduce(0, +) / Double(reduced)
          case .sum: values.reduce(0, +)
          case .maximum: values.max()!
          case .minimum: values.min()!
          case .sumOfSquares: values.reduce(0) { $0 + $1 * $1 }
          case .euclideanNorm: values.reduce(0) { $0 + $1 * $1 }.squareRoot()
          case .product: values.reduce(1, *)
          case .absoluteSum: values.reduce(0) { $0 + abs($1) }
          case .logSumExp: values.max()! + log(values.reduce(0) { $0 + exp($1 - values.max()!) })
          }
        set(fields.output, o * inner + i, Float(value))
      }
    }
  }

  mutating func run(_ fields: MatrixProduct) {
    let (m, n, k) = (Int(fields.m), Int(fields.n), Int(fields.k))
    for b in 0..<Int(fields.batch) {
      for row in 0..<m {
        for column in 0..<n {
          let sum = (0..<k).reduce(0.0) { total, i in
            let right = fields.isRightTransposed ? column * k + i : i * n + column
            return total + Double(float(fields.left, b * Int(fields.leftBatchStride) + row * k + i))
              * Double(float(fields.right, b * Int(fields.rightBatchStride) + right))
          }
          set(fields.output, (b * m + row) * n + column, Float(sum))
        }
      }
    }
  }
}

extension UnaryFunction {
  func value(_ x: Double, _ alpha: Double, _ beta: Double) -> Double {
    func bounded(_ value: Double) -> Double { min(max(value, 0), 1) }
    switch self {
    case .identity: return x
    case .clamp: return min(max(x, alpha), beta)
    case .sigmoid: return 1 / (1 + Foundation.exp(-x))
    case .silu: return x / (1 + Foundation.exp(-x))
    case .tanh: return Foundation.tanh(x)
    case .leakyRelu: return x < 0 ? alpha * x : x
    case .hardSigmoid: return bounded(alpha * x + beta)
    case .hardSwish: return x * bounded(alpha * x + beta)
    case .exp: return Foundation.exp(x)
    case .log: return Foundation.log(x)
    case .sqrt: return x.squareRoot()
    case .reciprocal: return 1 / x
    case .negate: return -x
    case .absolute: return abs(x)
    case .erf: return Foundation.erf(x)
    case .gelu: return 0.5 * x * erfc(-x / 2.0.squareRoot())
    case .elu: return x < 0 ? alpha * expm1(x) : x
    case .softplus: return max(x, 0) + log1p(Foundation.exp(-abs(x)))
    case .floor: return x.rounded(.down)
    case .ceil: return x.rounded(.up)
    case .round: return x.rounded(.toNearestOrEven)
    case .power: return pow(x, alpha)
    case .affine: return alpha * x + beta
    case .mish: return x * Foundation.tanh(max(x, 0) + log1p(Foundation.exp(-abs(x))))
    case .sine: return sin(x)
    case .cosine: return cos(x)
    case .sign: return x > 0 ? 1 : x < 0 ? -1 : x
    case .tangent: return tan(x)
    case .arcsine: return asin(x)
    case .arccosine: return acos(x)
    case .arctangent: return atan(x)
    case .sinh: return Foundation.sinh(x)
    case .cosh: return Foundation.cosh(x)
    case .asinh: return Foundation.asinh(x)
    case .acosh: return Foundation.acosh(x)
    case .atanh: return Foundation.atanh(x)
    case .softsign: return x / (1 + abs(x))
    case .selu: return beta * (x > 0 ? x : alpha * expm1(x))
    case .celu: return max(x, 0) + min(alpha * expm1(x / alpha), 0)
    case .thresholdedRelu: return x > alpha ? x : 0
    case .shrink: return x < -alpha ? x + beta : x > alpha ? x - beta : 0
    case .geluTanh: return 0.5 * x * (1 + Foundation.tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    case .swish: return x / (1 + Foundation.exp(-alpha * x))
    }
  }
}
