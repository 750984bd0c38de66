import CPUExecution

/// What one value of the graph was like over a calibration set.
struct ObservedValue: Sendable {
  /// Bins of equal width between the least and the greatest element.
  static let binCount = 2048

  private(set) var range: ClosedRange<Float>
  /// Elements in each bin; empty until the second pass.
  private(set) var histogram: [Double] = []
  /// By channel (axis 1): the range, the sum of squares, and how many elements there were of each.
  private(set) var channelRanges: [ClosedRange<Float>] = []
  /// The channels' ranges in every second sample, and in the others; without the half that no sample is in.
  private(set) var halves: [[ClosedRange<Float>]] = []
  private var squares: [Double] = []
  private var elementsByChannel = 0.0

  fileprivate init(_ range: ClosedRange<Float>) { self.range = range }

  /// The middle of a bin.
  func centre(_ bin: Int) -> Float {
    let share = (Double(bin) + 0.5) / Double(Self.binCount)
    return Float(Double(range.lowerBound) * (1 - share) + Double(range.upperBound) * share)
  }

  /// The range without this share of the elements: half of it at each end that holds any beyond zero.
  func range(leavingOut share: Double) -> ClosedRange<Float> {
    let total = histogram.reduce(0, +)
    guard total > 0 else { return range }
    let isTwoSided = range.lowerBound < 0 && range.upperBound > 0
    let mostOutside = total * share / (isTwoSided ? 2 : 1)
    let end = { (bins: [Int]) -> Int in
      var outside = 0.0
      for bin in bins {
        outside += histogram[bin]
        if outside > mostOutside { return bin }
      }
      return bins[0]
    }
    let lower = range.lowerBound < 0 ? centre(end(Array(histogram.indices))) : range.lowerBound
    let upper = range.upperBound > 0 ? centre(end(histogram.indices.reversed())) : range.upperBound
    return min(lower, upper)...max(lower, upper)
  }

  /// The bins that hold any elements.
  var seen: Histogram {
    let bins = histogram.indices.filter { histogram[$0] > 0 }
    return Histogram(values: bins.map { centre($0) }, counts: bins.map { histogram[$0] })
  }

  /// The sum over the elements of the squared difference between what is computed of each and its bin's target; of finite targets.
  func error(of targets: [Float], _ computed: (Float) -> Float) -> Double {
    var sum = 0.0
    for (bin, count) in histogram.enumerated() where count > 0 && targets[bin].isFinite {
      let difference = Double(computed(centre(bin)) - targets[bin])
      sum += count * difference * difference
    }
    return sum
  }

  /// The share of a channel's energy that rounding in steps of `scale` drowns, on average over the channels (rounding errs by
  /// scale² ÷ 12 in the mean square); 0 where channels aren't known. Channels that are always 0 lose nothing.
  func lostEnergy(scale: Float) -> Double {
    let living = squares.filter { $0 > 0 }
    guard !living.isEmpty, elementsByChannel > 0 else { return 0 }
    let noise = Double(scale) * Double(scale) / 12
    return living.reduce(0) { $0 + min(1, noise / ($1 / elementsByChannel)) } / Double(living.count)
  }

  /// The mean square of each channel; empty where channels aren't known.
  var channelPowers: [Double] { squares.map { $0 / max(elementsByChannel, 1) } }

  /// What the value is like when each channel is divided by a factor of its own.
  func divided(by factors: [Float]) -> ObservedValue {
    guard factors.count == channelRanges.count else { return self }
    var scaled = self
    let divided = { (ranges: [ClosedRange<Float>]) in zip(ranges, factors).map { $0.lowerBound / $1...$0.upperBound / $1 } }
    scaled.channelRanges = divided(channelRanges)
    scaled.halves = halves.map(divided)
    scaled.squares = zip(squares, factors).map { $0 / (Double($1) * Double($1)) }
    scaled.range = scaled.channelRanges.map(\.lowerBound).min()!...scaled.channelRanges.map(\.upperBound).max()!
    scaled.histogram = []
    return scaled
  }

  fileprivate mutating func widen(by other: ClosedRange<Float>) {
    range = min(range.lowerBound, other.lowerBound)...max(range.upperBound, other.upperBound)
  }

  /// - Parameter half: of the samples, 0 or 1; the first one's comes first.
  fileprivate mutating func addChannels(_ elements: [Float], _ dimensions: [Int], half: Int) {
    guard dimensions.count >= 3, dimensions[1] > 0 else { return }
    let channels = dimensions[1]
    if squares.isEmpty {
      squares = [Double](repeating: 0, count: channels)
      channelRanges = [ClosedRange<Float>](repeating: 0...0, count: channels)
    }
    let own = min(half, halves.count)
    if own == halves.count { halves.append([ClosedRange<Float>](repeating: 0...0, count: channels)) }
    let run = dimensions[2...].reduce(1, *)
    for start in 0..<dimensions[0] * channels {
      let channel = start % channels
      var (lower, upper) = (halves[own][channel].lowerBound, halves[own][channel].upperBound)
      ElementStatistics.add(elements[start * run..<(start + 1) * run], lower: &lower, upper: &upper, squares: &squares[channel])
      halves[own][channel] = lower...upper
      channelRanges[channel] = min(lower, channelRanges[channel].lowerBound)...max(upper, channelRanges[channel].upperBound)
    }
    elementsByChannel += Double(dimensions[0] * run)
  }

  fileprivate mutating func count(_ elements: [Float]) {
    if histogram.isEmpty { histogram = [Double](repeating: 0, count: Self.binCount) }
    ElementStatistics.count(elements, in: range, bins: &histogram)
  }
}

/// What values of the graph were like over a calibration set, by value name.
struct ObservedValues: Sendable {
  var method: CalibrationMethod
  private(set) var sampleCount = 0
  private var values: [String: ObservedValue] = [:]

  init(method: CalibrationMethod) { self.method = method }

  subscript(_ name: String) -> ObservedValue? {
    get { values[name] }
    set { values[name] = newValue }
  }

  mutating func countSample() { sampleCount += 1 }

  /// First pass: widens a value's range and its channels' by the finite elements of one sample, and sums the channels' squares.
  /// - Parameter dimensions: `[N,C,…]`; anything else is taken as without channels.
  mutating func observe(_ name: String, _ elements: [Float], dimensions: [Int]) {
    var lower = Float.infinity
    var upper = -Float.infinity
    var squares = 0.0
    ElementStatistics.add(elements[...], lower: &lower, upper: &upper, squares: &squares)
    guard lower <= upper else { return }
    if values[name] == nil { values[name] = ObservedValue(lower...upper) } else { values[name]!.widen(by: lower...upper) }
    values[name]!.addChannels(elements, dimensions, half: sampleCount % 2)
  }

  /// Second pass, over the same samples: counts the elements in the bins of the range that the first pass found.
  mutating func count(_ name: String, _ elements: [Float]) { values[name]?.count(elements) }
}
