/// What helps to aim, focus and expose a camera, by an image's brightness.
struct ImageFigures: Sendable, Equatable {
  /// The variance of the Laplacian: how much neighbours differ from their surroundings. It has no unit and depends on what is seen; while nothing
  /// but the lens is moved, the sharpest image has the most.
  var focus: Double
  /// 0…255.
  var mean: Double
  /// Shares of pixels that are as dark, and as bright, as can be: what is there is lost.
  var black: Double
  var white: Double

  private static let mostSamples = 300_000

  /// - Parameter grey: rows without padding. Of a large image every other row, or fewer, is looked at.
  init?(grey: [UInt8], width: Int, height: Int) {
    guard width >= 3, height >= 3, grey.count >= width * height else { return nil }
    let step = max(1, (width * height + Self.mostSamples - 1) / Self.mostSamples)
    var (sum, squares, count) = (0, 0, 0)
    var (total, dark, bright) = (0, 0, 0)
    let pixels = grey.span
    for y in stride(from: 1, to: height - 1, by: step) {
      for at in (y * width + 1)..<((y + 1) * width - 1) {
        let centre = Int(pixels[at])
        let laplacian = 4 * centre - Int(pixels[at - 1]) - Int(pixels[at + 1]) - Int(pixels[at - width]) - Int(pixels[at + width])
        sum += laplacian
        squares += laplacian * laplacian
        total += centre
        if centre <= 2 { dark += 1 }
        if centre >= 253 { bright += 1 }
        count += 1
      }
    }
    let average = Double(sum) / Double(count)
    focus = Double(squares) / Double(count) - average * average
    mean = Double(total) / Double(count)
    (black, white) = (Double(dark) / Double(count), Double(bright) / Double(count))
  }

  /// A word where the exposure is off.
  var advice: String? {
    if white > 0.05 { return "overexposed" }
    if black > 0.3 || mean < 40 { return "underexposed" }
    return nil
  }
}
