import CPUExecution

/// What a linear layer's input is like: the mean of each factor of its sums, and the mean products of factors that stand near each
/// other. Places of the output are a sample, spread evenly.
struct InputMoments {
  /// Factors whose products are kept: those of one block with one another.
  static let blockSize = 256

  let groups: Int
  let reduction: Int
  private(set) var count = 0
  /// Of every group, one after the other.
  private var sums: [Double]
  /// Square blocks, those of a group one after the other.
  private var products: [[Float]]

  init(groups: Int, reduction: Int) {
    self.groups = groups
    self.reduction = reduction
    sums = [Double](repeating: 0, count: groups * reduction)
    let squares = Self.blocks(reduction).map { [Float](repeating: 0, count: $0.count * $0.count) }
    products = (0..<groups).flatMap { _ in squares }
  }

  /// The blocks into which a row is cut.
  static func blocks(_ reduction: Int) -> [Range<Int>] {
    stride(from: 0, to: reduction, by: blockSize).map { $0..<min($0 + blockSize, reduction) }
  }

  /// Adds up to `places` places of the output for one image.
  mutating func add(_ elements: [Float], of layer: LinearLayer, places: Int) {
    let total = min(places, layer.placeCount)
    let windows = (0..<total).map { index in
      // Steps of the golden ratio fill the range evenly whatever their number.
      let share = (Double(index) * 0.618_033_988_749_894_8 + 0.5).truncatingRemainder(dividingBy: 1)
      return layer.window(at: total == layer.placeCount ? index : min(Int(share * Double(layer.placeCount)), layer.placeCount - 1))
    }
    let blocks = Self.blocks(reduction)
    var patch = [Float](repeating: 0, count: reduction)
    // Group by group: the products of all of them are more than a processor keeps near.
    for group in 0..<groups {
      for window in windows {
        layer.gather(elements, window, group: group, into: &patch)
        guard ElementStatistics.add(patch, to: &sums, at: group * reduction) else { continue }
        for (position, block) in blocks.enumerated() { ElementStatistics.addOuterProduct(of: patch[block], to: &products[group * blocks.count + position]) }
      }
    }
    count += total
  }

  /// The mean of each factor of a group.
  func means(group: Int) -> [Double] {
    sums[group * reduction..<(group + 1) * reduction].map { $0 / Double(max(count, 1)) }
  }

  /// The mean products of a block's factors, row by row. Means are left in, though a bias makes up for them: without them, weights of inputs
  /// that hardly vary would drift far, and multiply those inputs' own rounding (measured: covariances are worse on real detectors).
  func meanProducts(group: Int, block: Int) -> [Double] {
    products[group * Self.blocks(reduction).count + block].map { Double($0) / Double(max(count, 1)) }
  }
}
