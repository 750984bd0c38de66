import Glibc
public import ModelManifest

/// A model's feature front end: an utterance's samples in, the values of its input tensor out, as the manifest describes them.
///
/// Where a model takes any number of frames, the whole utterance is used; where it takes a fixed number, it is cut or padded with zeros to
/// `hop × frames` samples, or without centring to those that the frames cover. Deviations are of a sample (divided by n − 1); a band's is
/// raised by 1e-5, a clip's is 1e-3 at least, so that silence stays finite. Arithmetic is in double precision; only the tensor's values are
/// single. Memory grows to the longest utterance so far and is used again. One utterance at a time.
public struct FeatureExtractor {
  public let input: SoundInput
  /// Values a frame.
  public let valuesPerFrame: Int
  private var transform: RealFourierTransform
  private let filters: MelFilters
  private let shape: [Double]
  private let cosines: [Double]
  /// Samples at their level, with pre-emphasis.
  var prepared: [Double] = []
  private var frame: [Double]
  private var spectrum: [Double]
  private var bands: [Double]
  /// Frame by frame.
  var values: [Double] = []

  /// - Throws: where the description contradicts itself, or asks for what this version doesn't have.
  public init(_ input: SoundInput) throws(HearingError) {
    guard input.features != .waveform else {
      throw HearingError(.invalidInput, "input \(input.tensor) takes waveform samples in chunks; this version hears through log-mel and mfcc features only")
    }
    guard 4...65_536 ~= input.transform, RealFourierTransform.isPossible(count: input.transform) else {
      throw HearingError(
        .invalidInput, "input \(input.tensor) has a transform of \(input.transform) points; it must be an even number of factors 2, 3 and 5, 4 to 65536")
    }
    try input.checkSizes()
    let areCountsPossible =
      1...input.transform ~= input.window && 1...4096 ~= input.bands && 0...1 << 20 ~= input.frames && input.sampleRate > 0
    // Agents that don't know the floor know no decades either, and refuse what they would compute otherwise.
    let isFloorPossible = input.logFloor.map { 0...1 ~= $0 && input.normalisation == .decades } ?? true
    let isSilenceFinite = input.normalisation != .decades || max(input.logFloor ?? 0, 0) + input.logOffset > 0
    let areFrequenciesPossible = 0 <= input.lowestFrequency && input.lowestFrequency < input.highestFrequency && input.highestFrequency.isFinite
    let isPossible =
      areCountsPossible && areFrequenciesPossible && isFloorPossible && isSilenceFinite && (input.features != .mfcc || 1...input.bands ~= input.coefficients)
    guard isPossible else { throw HearingError(.invalidInput, "input \(input.tensor) is described by impossible numbers: correct the recipe's sound section") }
    self.input = input
    valuesPerFrame = input.features == .mfcc ? input.coefficients : input.bands
    transform = RealFourierTransform(count: input.transform)
    filters = MelFilters(
      bands: input.bands, scale: input.melScale, transform: input.transform, sampleRate: input.sampleRate, lowest: Double(input.lowestFrequency),
      highest: Double(input.highestFrequency))
    shape = (0..<input.window).map { 0.5 - 0.5 * cos(2 * .pi * Double($0) / Double(input.window)) }
    cosines = Self.cosines(bands: input.bands, coefficients: input.features == .mfcc ? input.coefficients : 0)
    frame = [Double](repeating: 0, count: input.transform)
    spectrum = [Double](repeating: 0, count: input.transform / 2 + 1)
    bands = [Double](repeating: 0, count: input.bands)
  }

  /// The cosine transform of type 2, coefficient by coefficient.
  private static func cosines(bands: Int, coefficients: Int) -> [Double] {
    let scale = (2 / Double(bands)).squareRoot()
    return (0..<coefficients).flatMap { coefficient in
      (0..<bands).map { band in scale * cos(Double.pi / Double(bands) * Double(coefficient) * (Double(band) + 0.5)) }
    }
  }

  /// Frames that so many samples make.
  public func frameCount(sampleCount: Int) -> Int {
    if input.frames > 0 { return input.frames }
    if input.isCentred { return sampleCount > 0 ? sampleCount / input.hop + 1 : 0 }
    return sampleCount >= input.window ? (sampleCount - input.window) / input.hop + 1 : 0
  }

  /// The least samples that make so many frames.
  public func sampleCount(frameCount: Int) -> Int {
    guard frameCount > 0 else { return 0 }
    return input.isCentred ? max(1, (frameCount - 1) * input.hop) : (frameCount - 1) * input.hop + input.window
  }

  /// Puts an utterance's features, in the order of the tensor's axes, in place of what `features` held.
  /// - Returns: the number of frames.
  public mutating func extract(_ samples: [Float], into features: inout [Float]) -> Int {
    prepare(samples)
    let frames = frameCount(sampleCount: prepared.count)
    values.removeAll(keepingCapacity: true)
    for index in 0..<frames { addFrame(from: firstSample(ofFrame: index)) }
    normalise(frames: frames)
    write(0..<frames, into: &features)
    return frames
  }

  /// Of a frame's window; before the beginning where it is centred on one of the first samples.
  func firstSample(ofFrame index: Int) -> Int { index * input.hop - (input.isCentred ? input.transform / 2 - margin : 0) }

  /// Between a frame's window and its transform's beginning.
  private var margin: Int { (input.transform - input.window) / 2 }

  /// Adds the values of the frame whose window begins there in `prepared`.
  mutating func addFrame(from start: Int) {
    cut(from: start)
    if frame.allSatisfy({ $0 == 0 }) {
      // Most of what is padded.
      for band in bands.indices { bands[band] = 0 }
    } else {
      transform.powers(of: frame, into: &spectrum)
      if input.spectrum == .magnitude { for bin in spectrum.indices { spectrum[bin] = spectrum[bin].squareRoot() } }
      filters.apply(to: spectrum, into: &bands)
    }
    for band in bands.indices { bands[band] = log(max(bands[band], Double(input.logFloor ?? 0)) + Double(input.logOffset)) }
    addValues()
  }

  /// Puts frames of `values` into `features`, in the order of the tensor's axes.
  func write(_ frames: Range<Int>, into features: inout [Float]) {
    features.removeAll(keepingCapacity: true)
    let first = frames.lowerBound * valuesPerFrame
    for position in 0..<frames.count * valuesPerFrame {
      let place =
        input.axes == .framesBands ? position : position % frames.count * valuesPerFrame + position / frames.count
      features.append(Float(values[first + place]))
    }
  }

  /// Level, alignment and pre-emphasis.
  private mutating func prepare(_ samples: [Float]) {
    prepared.removeAll(keepingCapacity: true)
    let scale = input.level == .peak ? 1 / max(Double(samples.max() ?? 0), 1e-9) : 1
    if input.frames == 0 {
      for sample in samples { prepared.append(scale * Double(sample)) }
    } else {
      let count = input.isCentred ? input.hop * input.frames : (input.frames - 1) * input.hop + input.window
      let first = input.alignment == .loudest ? Loudness.loudest(samples, within: input.sampleRate / 40) - count / 2 : 0
      for position in first..<first + count { prepared.append(samples.indices.contains(position) ? scale * Double(samples[position]) : 0) }
    }
    guard input.preEmphasis != 0 else { return }
    for position in prepared.indices.dropFirst().reversed() { prepared[position] -= Double(input.preEmphasis) * prepared[position - 1] }
  }

  /// Puts a windowed frame into the middle of the transform, whose rest stays zero.
  private mutating func cut(from start: Int) {
    // A centred frame's transform has its middle at the frame's sample; beyond the ends the utterance is mirrored.
    for position in 0..<input.window { frame[margin + position] = shape[position] * prepared[mirrored(start + position)] }
  }

  private func mirrored(_ position: Int) -> Int {
    if prepared.indices.contains(position) { return position }
    let period = max(1, 2 * (prepared.count - 1))
    let rest = (position % period + period) % period
    return min(rest, period - rest) % prepared.count
  }

  /// A frame's bands, or their cosine transform.
  private mutating func addValues() {
    guard input.features == .mfcc else { return values += bands }
    for coefficient in 0..<input.coefficients {
      var sum = 0.0
      for band in bands.indices { sum += cosines[coefficient * bands.count + band] * bands[band] }
      values.append(sum)
    }
  }

  mutating func normalise(frames: Int) {
    switch input.normalisation {
    case .none: break
    case .band: for band in 0..<valuesPerFrame { normalise(stride(from: band, to: values.count, by: valuesPerFrame)) { $0 + 1e-5 } }
    case .clip: normalise(stride(from: 0, to: values.count, by: 1)) { max($0, 1e-3) }
    case .decades: bringIntoDecades()
    }
  }

  private mutating func bringIntoDecades() {
    for position in values.indices { values[position] /= log(10) }
    let least = (values.max() ?? 0) - 8
    for position in values.indices { values[position] = (max(values[position], least) + 4) / 4 }
  }

  private mutating func normalise(_ positions: StrideTo<Int>, _ divisor: (Double) -> Double) {
    var (count, sum, squares) = (0.0, 0.0, 0.0)
    for position in positions {
      sum += values[position]
      count += 1
    }
    let mean = sum / count
    for position in positions { squares += (values[position] - mean) * (values[position] - mean) }
    let deviation = divisor((squares / max(1, count - 1)).squareRoot())
    for position in positions { values[position] = (values[position] - mean) / deviation }
  }
}
