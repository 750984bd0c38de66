import Glibc

/// The discrete Fourier transform of real numbers, their count even and its half a product of 2, 3 and 5.
///
/// A real sequence of n numbers is one of n ÷ 2 complex ones; that is transformed by Cooley and Tukey's decimation in time ("An algorithm for
/// the machine calculation of complex Fourier series", 1965), a pass for each prime factor, in place after a reversal of the indices' digits; then
/// its even and odd halves are parted and joined once more (Cooley, Lewis and Welch, "The fast Fourier transform algorithm: programming
/// considerations", 1970). Double precision: the logarithm of a quiet band would show single precision's rounding of the loud ones.
struct RealFourierTransform {
  let count: Int
  private let half: Int
  /// Of the passes, in their order.
  private let radices: [Int]
  /// cos and −sin of 2πk ÷ count, k below count.
  private let cosines: [Double]
  private let sines: [Double]
  private let reversed: [Int]
  private var real: [Double]
  private var imaginary: [Double]
  /// The terms of one sum of an odd radix.
  private var termsReal = [Double](repeating: 0, count: 5)
  private var termsImaginary = [Double](repeating: 0, count: 5)

  /// Whether there is a transform of so many numbers.
  static func isPossible(count: Int) -> Bool { count >= 4 && count % 2 == 0 && radices(of: count / 2) != nil }

  /// - Precondition: `isPossible(count:)`
  init(count: Int) {
    guard Self.isPossible(count: count), let radices = Self.radices(of: count / 2) else { preconditionFailure("no transform of \(count) numbers") }
    self.count = count
    self.radices = radices
    half = count / 2
    cosines = (0..<count).map { cos(2 * .pi * Double($0) / Double(count)) }
    sines = (0..<count).map { -sin(2 * .pi * Double($0) / Double(count)) }
    reversed = (0..<count / 2).map { Self.reversed($0, count / 2, radices[...]) }
    real = [Double](repeating: 0, count: half)
    imaginary = real
  }

  private static func radices(of count: Int) -> [Int]? {
    var (rest, radices) = (count, [Int]())
    for radix in [2, 3, 5] {
      while rest % radix == 0 {
        radices.append(radix)
        rest /= radix
      }
    }
    return rest == 1 ? radices : nil
  }

  /// The last pass joins as many sequences as its radix, each of every so many-th number; these are sorted likewise.
  private static func reversed(_ index: Int, _ count: Int, _ radices: ArraySlice<Int>) -> Int {
    guard let radix = radices.last else { return 0 }
    return index % radix * (count / radix) + reversed(index / radix, count / radix, radices.dropLast())
  }

  /// Writes the squared magnitudes of the frequencies 0…count ÷ 2 over `power`.
  /// - Precondition: `samples` holds `count` numbers, `power` one more than half as many.
  mutating func powers(of samples: [Double], into power: inout [Double]) {
    precondition(samples.count == count && power.count == half + 1)
    for index in 0..<half {
      real[reversed[index]] = samples[2 * index]
      imaginary[reversed[index]] = samples[2 * index + 1]
    }
    transform()
    power[0] = (real[0] + imaginary[0]) * (real[0] + imaginary[0])
    power[half] = (real[0] - imaginary[0]) * (real[0] - imaginary[0])
    for k in 1..<half {
      let evenReal = (real[k] + real[half - k]) / 2
      let evenImaginary = (imaginary[k] - imaginary[half - k]) / 2
      let oddReal = (imaginary[k] + imaginary[half - k]) / 2
      let oddImaginary = (real[half - k] - real[k]) / 2
      let sumReal = evenReal + oddReal * cosines[k] - oddImaginary * sines[k]
      let sumImaginary = evenImaginary + oddReal * sines[k] + oddImaginary * cosines[k]
      power[k] = sumReal * sumReal + sumImaginary * sumImaginary
    }
  }

  /// The complex transform of `half` numbers whose indices are reversed.
  private mutating func transform() {
    var width = 1
    for radix in radices {
      let step = count / (radix * width)
      for start in stride(from: 0, to: half, by: radix * width) {
        for offset in 0..<width {
          if radix == 2 { joinTwo(start + offset, width, angle: offset * step) } else { join(radix, start + offset, width, angle: offset * step) }
        }
      }
      width *= radix
    }
  }

  private mutating func joinTwo(_ a: Int, _ width: Int, angle: Int) {
    let b = a + width
    let (c, s) = (cosines[angle], sines[angle])
    let turnedReal = real[b] * c - imaginary[b] * s
    let turnedImaginary = real[b] * s + imaginary[b] * c
    real[b] = real[a] - turnedReal
    imaginary[b] = imaginary[a] - turnedImaginary
    real[a] += turnedReal
    imaginary[a] += turnedImaginary
  }

  private mutating func join(_ radix: Int, _ first: Int, _ width: Int, angle: Int) {
    for term in 0..<radix {
      let (index, turn) = (first + term * width, term * angle % count)
      termsReal[term] = real[index] * cosines[turn] - imaginary[index] * sines[turn]
      termsImaginary[term] = real[index] * sines[turn] + imaginary[index] * cosines[turn]
    }
    let step = count / radix
    for frequency in 0..<radix {
      var (sumReal, sumImaginary) = (termsReal[0], termsImaginary[0])
      for term in 1..<radix {
        let turn = frequency * term % radix * step
        sumReal += termsReal[term] * cosines[turn] - termsImaginary[term] * sines[turn]
        sumImaginary += termsReal[term] * sines[turn] + termsImaginary[term] * cosines[turn]
      }
      real[first + frequency * width] = sumReal
      imaginary[first + frequency * width] = sumImaginary
    }
  }
}
