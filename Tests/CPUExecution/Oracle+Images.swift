import ModelFormat
import Tensors

extension Oracle {
  /// The element of pixel (y, x) of an NHWC tensor, nil in the padding.
  func element(_ index: TensorIndex, _ n: Int, _ y: Int, _ x: Int, _ c: Int) -> Int? {
    let d = self[index].dimensions
    guard 0..<d[1] ~= y, 0..<d[2] ~= x else { return nil }
    return ((n * d[1] + y) * d[2] + x) * d[3] + c
  }

  func positions(_ dimensions: [Int]) -> [(n: Int, y: Int, x: Int, c: Int)] {
    (0..<dimensions.elementCount).map { i in
      let (c, rest) = (i % dimensions[3], i / dimensions[3])
      return (rest / dimensions[2] / dimensions[1], rest / dimensions[2] % dimensions[1], rest % dimensions[2], c)
    }
  }

  mutating func run(_ fields: Convolution) {
    let output = self[fields.output].dimensions
    let kernel = fields.kernelDimensions(self[fields.weights].dimensions)
    let isInteger = self[fields.input].elementType != .float32
    for (position, at) in positions(output).enumerated() {
      let group = at.c / (output[3] / Int(fields.groups))
      var products: [(Int, Int)] = []
      for ky in 0..<kernel[1] {
        for kx in 0..<kernel[2] {
          let y = at.y * Int(fields.strides.height) - Int(fields.padding.top) + ky * Int(fields.dilations.height)
          let x = at.x * Int(fields.strides.width) - Int(fields.padding.left) + kx * Int(fields.dilations.width)
          for c in 0..<kernel[3] {
            guard let i = element(fields.input, at.n, y, x, group * kernel[3] + c) else { continue }
            products.append((i, ((at.c * kernel[1] + ky) * kernel[2] + kx) * kernel[3] + c))
          }
        }
      }
      if isInteger {
        let sum = products.reduce(integer(fields.bias!, at.c)) { $0 + (integer(fields.input, $1.0) - zeroPoint(fields.input)) * integer(fields.weights, $1.1) }
        set(fields.output, position, requantised(fields, sum, at.c, position))
      } else {
        let bias = fields.bias.map { Double(float($0, at.c)) } ?? 0
        let sum = products.reduce(bias) { $0 + Double(float(fields.input, $1.0)) * weight(fields, $1.1, kernel) }
        var y = fields.function.value(sum, Double(fields.alpha), Double(fields.beta))
        if let residual = fields.residual { y += Double(float(residual, position)) }
        set(fields.output, position, Float(min(max(y, Double(fields.lower)), Double(fields.upper))))
      }
    }
  }

  private func weight(_ fields: Convolution, _ element: Int, _ kernel: [Int]) -> Double {
    guard let narrow = fields.narrow else { return Double(float(fields.weights, element)) }
    let depth = kernel.dropFirst().reduce(1, *)
    let groups = (depth + Int(narrow.group) - 1) / Int(narrow.group)
    let scale = Double(float(narrow.scales, element / depth * groups + element % depth / Int(narrow.group)))
    if narrow.bits == 8 { return Double(integer(fields.weights, element)) * scale }
    let half = element % 2 == 0 ? byte(fields.weights, element / 2) & 15 : byte(fields.weights, element / 2) >> 4
    return (Double(half) - 8) * scale
  }

  private func requantised(_ fields: Convolution, _ sum: Int32, _ channel: Int, _ position: Int) -> Int32 {
    let product = (Float(sum) * float(fields.multipliers!, channel)).rounded(.toNearestOrEven)
    var t =
      fields.gates.map { gated(fields, product, $0) }
      ?? Int32(min(max(product + Float(fields.middleZeroPoint), Float(fields.middleLower)), Float(fields.middleUpper)))
    if let table = fields.table {
      let entry = byte(table, Int(UInt8(truncatingIfNeeded: t)))
      t = self[fields.output].elementType == .int8 ? Int32(Int8(bitPattern: entry)) : Int32(entry)
    }
    guard let residual = fields.residual else { return t }
    let own = Float(t - fields.tableZeroPoint) * fields.middleScale
    let other = Float(integer(residual, position) - zeroPoint(residual)) * self[residual].quantisation!.scale
    let y = ((own + other) / self[fields.output].quantisation!.scale).rounded(.toNearestOrEven) + Float(zeroPoint(fields.output))
    return Int32(min(max(y, Float(fields.outputLower)), Float(fields.outputUpper)))
  }

  private func gated(_ fields: Convolution, _ product: Float, _ gates: TensorIndex) -> Int32 {
    let v = Int(min(max(product, -32768), 32767))
    // Quotients rounded to the nearest, halves up.
    let p = ((Double(v) * Double(byte(gates, 128 + Int((Double(v) / 256).rounded(.down)))) / 256) + 0.5).rounded(.down)
    let t = (p * Double(fields.gateFactor) / 32768 + 0.5).rounded(.down) + Double(fields.middleZeroPoint)
    return Int32(min(max(t, Double(fields.middleLower)), Double(fields.middleUpper)))
  }

  mutating func run(_ fields: Pooling) {
    let input = self[fields.input].dimensions
    for (position, at) in positions(self[fields.output].dimensions).enumerated() {
      var window: [Int] = []
      var covered = 0
      for ky in 0..<Int(fields.kernel.height) {
        for kx in 0..<Int(fields.kernel.width) {
          let y = at.y * Int(fields.strides.height) - Int(fields.padding.top) + ky * Int(fields.dilations.height)
          let x = at.x * Int(fields.strides.width) - Int(fields.padding.left) + kx * Int(fields.dilations.width)
          if y < input[1] + Int(fields.padding.bottom) && x < input[2] + Int(fields.padding.right) { covered += 1 }
          if let i = element(fields.input, at.n, y, x, at.c) { window.append(i) }
        }
      }
      let count = Float(max(fields.countsPadding ? covered : window.count, 1))
      switch (fields.kind, self[fields.input].quantisation) {
      case (.maximum, nil): set(fields.output, position, window.map { float(fields.input, $0) }.max() ?? -.infinity)
      case (.maximum, _):
        set(fields.output, position, window.map { integer(fields.input, $0) }.max() ?? self[fields.input].elementType.eightBitRange!.lowerBound)
      case (.average, nil): set(fields.output, position, Float(window.reduce(0) { $0 + Double(float(fields.input, $1)) } / Double(count)))
      case (.average, .some(let quantisation)):
        let sum = window.reduce(Int32(0)) { $0 + integer(fields.input, $1) - quantisation.zeroPoint }
        let factor = quantisation.scale / self[fields.output].quantisation!.scale / count
        set(fields.output, position, saturated(Float(sum) * factor, fields.output))
      }
    }
  }

  mutating func run(_ fields: Resize) {
    func lerp(_ a: Float, _ b: Float, _ f: Float) -> Float { a + (b - a) * f }
    for (position, at) in positions(self[fields.output].dimensions).enumerated() {
      let rows = [integer(fields.rows, 2 * at.y), integer(fields.rows, 2 * at.y + 1)].map { Int($0) }
      let columns = [integer(fields.columns, 2 * at.x), integer(fields.columns, 2 * at.x + 1)].map { Int($0) }
      let (rf, cf) = (float(fields.rowFractions, at.y), float(fields.columnFractions, at.x))
      let isInteger = self[fields.input].quantisation != nil
      func value(_ y: Int, _ x: Int) -> Float {
        let i = element(fields.input, at.n, y, x, at.c)!
        return isInteger ? Float(integer(fields.input, i)) : float(fields.input, i)
      }
      let y = lerp(lerp(value(rows[0], columns[0]), value(rows[0], columns[1]), cf), lerp(value(rows[1], columns[0]), value(rows[1], columns[1]), cf), rf)
      guard isInteger, let range = self[fields.output].elementType.eightBitRange else {
        set(fields.output, position, y)
        continue
      }
      set(fields.output, position, Int32(min(max(y, Float(range.lowerBound)), Float(range.upperBound)).rounded(.toNearestOrEven)))
    }
  }
}
