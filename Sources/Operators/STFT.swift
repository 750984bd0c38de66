public import ModelGraph
public import Tensors

/// The Fourier transforms of overlapping, optionally windowed frames of a signal `[N, length, 1 or 2]` (or `[N, length]`) →
/// `[N, frames, bins, 2]`. Frame step and length are constants. Lowered, with a constant window, as a convolution.
public struct STFT: DecomposedOperator {
  public static let names = ["STFT"]

  public var isOneSided: Bool

  public init(_ description: OperatorDescription) throws(OperatorError) {
    isOneSided = try description.integer("onesided", default: 1) != 0
  }

  public var tolerance: Float { 2e-5 }

  private struct Frames {
    var transform: FourierTransform
    var step: Int
    var count: Int
    var batch: Int
    var signalLength: Int

    var output: [Int] { [batch, count, transform.outputCount, 2] }
  }

  private func frames(_ inputs: [OperatorInput?]) throws(OperatorError) -> Frames {
    let x = try inputs.required(0, "signal").type
    _ = try x.elementType.computed("signal")
    guard x.dimensions.count == 2 || x.dimensions.count == 3, x.elementCount > 0 else {
      throw OperatorError(.invalid, "the signal \(x.dimensions) is not [N, length, 1 or 2]")
    }
    let parts = x.dimensions.count == 3 ? x.dimensions[2] : 1
    guard let step = try inputs.integers(1, "frame_step")?.first, step > 0 else {
      throw OperatorError(.invalid, "input 'frame_step' is missing or not positive")
    }
    let window = inputs.count > 2 ? inputs[2]?.type.dimensions : nil
    let length = try inputs.integers(3, "frame_length")?.first ?? window?.first ?? x.dimensions[1]
    guard 1...x.dimensions[1] ~= length, window == nil || window == [length] else {
      throw OperatorError(.invalid, "frames of \(length) don't fit the signal \(x.dimensions) or the window \(window ?? [])")
    }
    let transform = try FourierTransform(parts: parts, available: length, length: length, isInverse: false, isOneSided: isOneSided)
    let frames = Frames(transform: transform, step: step, count: 1 + (x.dimensions[1] - length) / step, batch: x.dimensions[0], signalLength: x.dimensions[1])
    _ = try checked(frames.output)
    return frames
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    [TensorType(try inputs.required(0, "signal").type.elementType, try frames(inputs).output)]
  }

  /// By its own evaluation, not by the matrix that it is lowered to.
  public func evaluationCost(for inputs: [OperatorInput?]) -> EvaluationCost {
    guard let frames = try? frames(inputs) else { return EvaluationCost() }
    return frames.transform.cost(rows: frames.batch * frames.count)
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let frames = try frames(inputs.asInputs)
    let x = try inputs.required(0, "signal")
    let window = inputs.count > 2 ? inputs[2]?.doubles() : nil
    let signal = x.doubles()
    let parts = frames.transform.inputParts
    var rows: [[Double]] = []
    for sample in 0..<frames.batch {
      for frame in 0..<frames.count {
        let start = (sample * frames.signalLength + frame * frames.step) * parts
        rows.append((0..<frames.transform.length * parts).map { signal[start + $0] * (window?[$0 / parts] ?? 1) })
      }
    }
    return [HostTensor(doubles: try frames.transform.apply(to: rows).flatMap { $0 }, as: x.elementType, dimensions: frames.output)]
  }

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    let frames = try frames(inputs)
    let x = try inputs.required(0, "signal").type.elementType
    let window = try inputs.constant(2, "window")?.doubles()
    let (parts, length) = (frames.transform.inputParts, frames.transform.length)
    let channels = frames.transform.outputCount * 2
    // [length × parts, channels] → [channels, parts, length]
    let weights = try frames.transform.matrix(window: window).reshaped(to: [length, parts, channels]).transposed([2, 1, 0])
    var steps = Composition()
    let signal = try steps.reshaped(try steps.converted(.input(0), from: x, to: .float32), to: [frames.batch, frames.signalLength, parts])
    let conv = try Conv(.plain("Conv", ["strides": .integers([Int64(frames.step)])]))
    let spectrum = steps.add(conv, try steps.transposed(signal, [0, 2, 1]), .constant(weights))
    let result = try steps.reshaped(try steps.transposed(spectrum, [0, 2, 1]), to: frames.output)
    steps.outputs = [try steps.converted(result, from: .float32, to: x)]
    return steps
  }
}
