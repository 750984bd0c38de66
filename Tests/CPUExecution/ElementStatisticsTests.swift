import CPUExecution
import Testing

struct ElementStatisticsTests {
  private let elements: [Float] = [0.5, -2, .nan, 3, .infinity, 0, -0.25]

  @Test func `ranges and squares are those of the finite elements`() {
    var (lower, upper, squares) = (Float(1), Float(1), 10.0)
    ElementStatistics.add(elements[...], lower: &lower, upper: &upper, squares: &squares)
    #expect(lower == -2 && upper == 3 && abs(squares - (10 + 0.25 + 4 + 9 + 0.0625)) < 1e-12)
    ElementStatistics.add([], lower: &lower, upper: &upper, squares: &squares)
    #expect(lower == -2 && upper == 3)
  }

  @Test func `each finite element is in one bin, those outside at the ends`() {
    var bins = [Double](repeating: 0, count: 4)
    ElementStatistics.count(elements, in: -1...1, bins: &bins)
    // 0.5 and 3 in the last, -2 in the first, -0.25 in the second, 0 in the third.
    #expect(bins == [1, 1, 1, 2])
    ElementStatistics.count([7, 7], in: 7...7, bins: &bins)
    #expect(bins == [3, 1, 1, 2])
  }

  @Test(arguments: [1, 3, 8, 37]) func `an outer product has every pair`(count: Int) {
    let vector = (0..<count).map { Float($0 % 5) - 2 }
    var square = [Float](repeating: 1, count: count * count)
    ElementStatistics.addOuterProduct(of: vector[...], to: &square)
    for row in 0..<count { for column in 0..<count { #expect(square[row * count + column] == 1 + vector[row] * vector[column]) } }
  }

  @Test func `a histogram's error is that of its elements' levels`() {
    // Levels of half a unit from -1 on: 0.3 is told as 0.5, -3 as -1, 0.25 lies between two and goes to the even one.
    let histogram = Histogram(values: [0.3, -3, 0.25, 1], counts: [2, 1, 3, 5])
    let expected = 2 * 0.2 * 0.2 + 4 + 3 * 0.25 * 0.25
    #expect(abs(histogram.error(scale: 0.5, zeroPoint: 2) - expected) < 1e-6)
  }

  @Test func `nothing is lost where every value has its level, and more the more saturates`() {
    let values = (0..<100).map { Float($0) }
    let histogram = Histogram(values: values, counts: [Double](repeating: 10, count: 100))
    #expect(abs(histogram.divergence(in: 0...99, scale: 1, zeroPoint: 0)) < 1e-9)
    let (half, most) = (histogram.divergence(in: 0...50, scale: 50 / 255, zeroPoint: 0), histogram.divergence(in: 0...10, scale: 10 / 255, zeroPoint: 0))
    #expect(half > 0.1 && most > half)
    #expect(histogram.divergence(in: 200...300, scale: 1, zeroPoint: 0) == .infinity)
  }
}
