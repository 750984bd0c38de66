import ModelFormat
import ModelGraph
import Tensors

/// A convolution or a matrix product with constant weights, ready to be lowered: the one place that decides between float
/// and integer arithmetic, and that makes integer weights.
struct LinearForm {
  var input: ValueID
  /// Layout that the kernels need for input, residual and output.
  var layout: Layout
  /// Dimensions of input and output as `[N,H,W,C]`.
  var inputImage: [Int]
  var outputImage: [Int]
  /// float32 `[O,kH,kW,I]`.
  var weights: HostTensor
  /// The model's own weights in the same order, with one scale or one an output channel; nil where it has none. int8, or int16 where a
  /// zero point spreads them over nine bits.
  var integerWeights: (values: HostTensor, scales: [Float])?
  var bias: HostTensor?
  /// The model's own int32 bias, and its scales; nil where it has none.
  var integerBias: (values: HostTensor, scales: [Float])?
  var residual: ValueID?
  var output: ValueID
  var epilogue: Epilogue
  var strides = HeightWidth(1, 1)
  var dilations = HeightWidth(1, 1)
  var padding = Padding.zero
  var groups: Int32 = 1

  /// Where the instruction doesn't read the input as it lies: what makes the image of `inputImage` from it, in the same type and
  /// quantisation.
  var preparation: ((inout Lowering, TensorIndex) -> TensorIndex)?
  /// Where the sums are not the output yet: dimensions of the tensor that they go to, and what moves them from there to the output, which
  /// has the same type and quantisation. A residual can't stand beside it.
  var rearrangement: (dimensions: [Int], move: (inout Lowering, _ sums: TensorIndex, _ output: TensorIndex) -> Void)?

  var outputChannels: Int { weights.dimensions[0] }

  /// Whether it is computed on integers, with every rounding of the epilogue.
  func isInteger(in lowering: Lowering) -> Bool { integerForm(in: lowering) != nil }

  func lower(into lowering: inout Lowering) {
    precondition(rearrangement == nil || residual == nil)
    if let form = integerForm(in: lowering) {
      lowerInteger(form, into: &lowering)
    } else {
      lowerFloat(into: &lowering)
    }
  }

  private func lowerFloat(into lowering: inout Lowering) {
    let name = lowering.graph[output].name
    let x = prepared(lowering.operand(input, layout: layout, as: .plain), in: &lowering)
    let r = residual.map { lowering.operand($0, layout: layout, as: .plain) }
    let narrowed = NarrowedWeights.of(weights, in: lowering)
    let w = lowering.addConstant(narrowed?.integers ?? weights, name: "\(name).weights")
    let b = bias.map { lowering.addConstant($0, name: "\(name).bias") }
    let y = lowering.result(output, layout: layout, as: .plain)
    let sums = sums(for: y, in: &lowering)
    var instruction = base(
      input: lowering.addView(of: x, dimensions: inputImage), weights: w, bias: b, output: lowering.addView(of: sums, dimensions: outputImage))
    instruction.residual = r.map { lowering.addView(of: $0, dimensions: outputImage) }
    instruction.narrow = narrowed.map {
      let scales = lowering.addConstant($0.scales, name: "\(name).scales")
      let activationBits = $0.bits == 8 ? lowering.graph.activationBits : 32
      return Convolution.NarrowWeights(bits: Int32($0.bits), scales: scales, group: Int32($0.group), activationBits: Int32(activationBits))
    }
    instruction.function = epilogue.function
    instruction.alpha = epilogue.alpha
    instruction.beta = epilogue.beta
    instruction.lower = epilogue.lower
    instruction.upper = epilogue.upper
    lowering.emit(.convolution(instruction))
    rearrangement?.move(&lowering, sums, y)
  }

  private func prepared(_ input: TensorIndex, in lowering: inout Lowering) -> TensorIndex { preparation?(&lowering, input) ?? input }

  private func sums(for output: TensorIndex, in lowering: inout Lowering) -> TensorIndex {
    rearrangement.map { lowering.addTensor(like: output, dimensions: $0.dimensions) } ?? output
  }

  private func base(input: TensorIndex, weights: TensorIndex, bias: TensorIndex?, output: TensorIndex) -> Convolution {
    Convolution(
      input: input, weights: weights, bias: bias, output: output, strides: strides, dilations: dilations, padding: padding, groups: groups)
  }
}

/// The quantities of an integer convolution whose operands are all in 8 bits.
private struct IntegerForm {
  var input: StoredQuantisation
  /// Of `t`, before the table or the gates.
  var middle: StoredQuantisation
  /// Of the value that the residual is added to; of the output without one.
  var afterTable: StoredQuantisation
  var output: StoredQuantisation
  var residual: StoredQuantisation?
  /// In the place of a table.
  var gates: GatedFunction?
}

extension LinearForm {
  /// 32-bit sums can't overflow up to this many products of a 9-bit and an 8-bit factor.
  static let largestReduction = Int(Int32.max) / (255 * 128) - 1

  /// nil where the node has to be computed in float.
  private func integerForm(in lowering: Lowering) -> IntegerForm? {
    guard let x = lowering.stored(of: input), let y = lowering.graph[output].stored else { return nil }
    // Float weights are rounded where calibration asked for 8 bits, not on the model's behalf.
    guard integerWeights != nil || lowering.graph.isCalibrated else { return nil }
    let isWide = integerWeights?.values.elementType == .int16
    guard weights.elementCount / outputChannels * (isWide ? 3 : 1) <= Self.largestReduction, hasIntegerConstants,
      sumsFit(inputScale: x.quantisation.scale)
    else { return nil }
    let afterTable: StoredQuantisation
    var r: StoredQuantisation?
    if let residual {
      guard let form = lowering.stored(of: residual), let before = epilogue.beforeResidual else { return nil }
      (afterTable, r) = (before, form)
    } else {
      afterTable = y
    }
    let middle: StoredQuantisation
    if epilogue.isClamp {
      middle = afterTable
    } else {
      guard let before = epilogue.beforeFunction else { return nil }
      middle = before
    }
    guard afterTable.elementType == y.elementType else { return nil }
    var form = IntegerForm(input: x, middle: middle, afterTable: afterTable, output: y, residual: r)
    if middle.elementType == .int16 {
      guard let gates = GatedFunction(from: middle, to: afterTable, functionValue) else { return nil }
      (form.middle, form.gates) = (gates.before, gates)
      return form
    }
    return middle.elementType == y.elementType ? form : nil
  }

  private func functionValue(_ x: Float) -> Float { epilogue.function.callAsFunction(x, alpha: epilogue.alpha, beta: epilogue.beta) }

  /// Whether weights and bias can be had as integers: what is infinite or not a number, or scaled by it, can't.
  private var hasIntegerConstants: Bool {
    let scalesAreSound = integerWeights.map { $0.scales.allSatisfy { $0.isFinite && $0 > 0 } } ?? weights.floats().allSatisfy(\.isFinite)
    return scalesAreSound && (bias?.floats().allSatisfy(\.isFinite) ?? true)
  }

  /// Whether the model's own weights and bias keep every sum within 32 bits. (A quantiser may give a channel that is nearly always zero so
  /// small a scale that its bias needs all of them.)
  private func sumsFit(inputScale: Float) -> Bool {
    guard let (values, scales) = integerWeights, bias != nil else { return true }
    let biases = integerBiases(inputScale: inputScale) { scales.count == 1 ? scales[0] : scales[$0] }
    let integers = values.integers()
    let size = integers.count / max(outputChannels, 1)
    return biases.indices.allSatisfy { channel in
      let reach = integers[channel * size..<(channel + 1) * size].reduce(Int64(0)) { $0 + Int64($1.magnitude) } * 255
      return reach + Int64(biases[channel].magnitude) <= Int64(Int32.max)
    }
  }

  private func lowerInteger(_ form: IntegerForm, into lowering: inout Lowering) {
    let name = lowering.graph[output].name
    var values: HostTensor
    let scales: [Float]
    (values, scales) = integerWeights ?? weights.quantisedByOutputChannel()
    let scaleOf = { (channel: Int) -> Float in scales.count == 1 ? scales[0] : scales[channel] }
    let biases = integerBiases(inputScale: form.input.quantisation.scale, scaleOf)
    let multipliers = (0..<outputChannels).map { form.input.quantisation.scale * scaleOf($0) / form.middle.quantisation.scale }

    var x = prepared(lowering.operand(input, layout: layout, as: .stored(form.input)), in: &lowering)
    var image = inputImage
    if values.elementType == .int16 {
      let wide = WideWeights(values, groups: Int(groups))
      x = wide.widened(x, image: image, into: &lowering)
      (image, values) = (wide.image(image), wide.values)
    }
    let r = residual.map { lowering.operand($0, layout: layout, as: .stored(form.residual!)) }
    let w = lowering.addConstant(values, name: "\(name).weights")
    let b = lowering.addConstant(HostTensor(biases, dimensions: [outputChannels]), name: "\(name).bias")
    let m = lowering.addConstant(HostTensor(multipliers, dimensions: [outputChannels]), name: "\(name).multipliers")
    let y = lowering.result(output, layout: layout, as: .stored(form.output))
    let sums = sums(for: y, in: &lowering)
    var instruction = base(
      input: lowering.addView(of: x, dimensions: image), weights: w, bias: b, output: lowering.addView(of: sums, dimensions: outputImage))
    instruction.multipliers = m
    setMiddle(of: &instruction, form)
    if let gates = form.gates {
      instruction.gates = lowering.addConstant(HostTensor(gates.gates, dimensions: [256]), name: "\(name).gates")
      instruction.gateFactor = gates.factor
    } else if !epilogue.isClamp {
      instruction.table = lowering.addTable(from: form.middle, to: form.afterTable, functionValue)
    }
    if let r {
      setResidual(of: &instruction, form)
      instruction.residual = lowering.addView(of: r, dimensions: outputImage)
    }
    lowering.emit(.convolution(instruction))
    rearrangement?.move(&lowering, sums, y)
  }

  private func setMiddle(of instruction: inout Convolution, _ form: IntegerForm) {
    // What gates make of a 16-bit middle stands in its place.
    let middle = form.gates == nil ? form.middle : form.afterTable
    let range = middle.elementType.eightBitRange!
    let quantisation = middle.quantisation
    var (lower, upper) = epilogue.clampBounds
    if residual == nil {
      lower = max(lower, epilogue.isClamp ? epilogue.lower : -.infinity)
      upper = min(upper, epilogue.isClamp ? epilogue.upper : .infinity)
    }
    instruction.middleZeroPoint = quantisation.zeroPoint
    instruction.middleLower = quantisation.quantised(lower, in: range)
    instruction.middleUpper = quantisation.quantised(upper, in: range)
    instruction.tableZeroPoint = form.afterTable.quantisation.zeroPoint
    instruction.outputLower = range.lowerBound
    instruction.outputUpper = range.upperBound
  }

  private func setResidual(of instruction: inout Convolution, _ form: IntegerForm) {
    let range = form.output.elementType.eightBitRange!
    let quantisation = form.output.quantisation
    instruction.middleScale = form.afterTable.quantisation.scale
    instruction.outputLower = quantisation.quantised(epilogue.lower, in: range)
    instruction.outputUpper = quantisation.quantised(epilogue.upper, in: range)
  }

  /// The bias in units of `input scale × weight scale`; the model's own integers where their scales agree.
  private func integerBiases(inputScale: Float, _ scaleOf: (Int) -> Float) -> [Int32] {
    guard let bias else { return [Int32](repeating: 0, count: outputChannels) }
    if let integerBias {
      let agrees = (0..<outputChannels).allSatisfy { channel in
        let scale = integerBias.scales.count == 1 ? integerBias.scales[0] : integerBias.scales[channel]
        let expected = inputScale * scaleOf(channel)
        return abs(scale - expected) <= 1e-5 * expected
      }
      if agrees { return integerBias.values.values() }
    }
    return zip(bias.floats(), 0...).map { value, channel in
      let scaled = Double(value) / (Double(inputScale) * Double(scaleOf(channel)))
      return Int32(min(max(scaled, -1_000_000_000), 1_000_000_000).rounded(.toNearestOrEven))
    }
  }
}

extension HostTensor {
  /// Float weights, output channel first, as int8 with one symmetric scale an output channel: `scale = largest magnitude ÷ 127`.
  func quantisedByOutputChannel() -> (values: HostTensor, scales: [Float]) {
    let channels = dimensions[0]
    let size = channels == 0 ? 0 : elementCount / channels
    let source = floats()
    var scales: [Float] = []
    var values: [Int8] = []
    values.reserveCapacity(elementCount)
    for channel in 0..<channels {
      let row = source[channel * size..<(channel + 1) * size]
      let (scale, integers) = row.inEightBits()
      scales.append(scale)
      values.append(contentsOf: integers.map { Int8($0) })
    }
    return (HostTensor(values, dimensions: dimensions), scales)
  }
}

extension ArraySlice<Float> {
  /// Finite values as −127…127 times one scale: the largest magnitude ÷ 127, or 1 where that is too small for a float.
  func inEightBits() -> (scale: Float, integers: [Int]) {
    let largest = reduce(Float(0)) { Swift.max($0, $1.magnitude) }
    let scale = largest / 127 > 0 ? largest / 127 : 1
    return (scale, map { Int(Swift.min(Swift.max(($0 / scale).rounded(.toNearestOrEven), -127), 127)) })
  }
}
