import Glibc

/// The discrete Fourier transform of real numbers, their count a power of two.
///
/// A real sequence of n numbers is one of n ÷ 2 complex ones; that is transformed by Cooley and Tukey's decimation in time ("An algorithm for
/// the machine calculation of complex Fourier series", 1965), radix 2, in place after a reversal of the indices' bits; then its even and odd
/// halves are parted and joined once more (Cooley, Lewis and Welch, "The fast Fourier transform algorithm: programming considerations", 1970).
/// Double precision: the logarithm of a quiet band would show single precision's rounding of the loud ones.
struct RealFourierTransform {
  let count: Int
  private let half: Int
  /// cos and −sin of 2πk ÷ count, k below count ÷ 2.
  private let cosines: [Double]
  private let sines: [Double]
  private let reversed: [Int]
  private var real: [Double]
  private var imaginary: [Double]

  /// - Precondition: `count` is a power of two, 4 at least.
  init(count: Int) {
    precondition(count >= 4 && count & (count - 1) == 0)
    self.count = count
    half = count / 2
    cosines = (0..<count / 2).map { cos(2 * .pi * Double($0) / Double(count)) }
    sines = (0..<count / 2).map { -sin(2 * .pi * Double($0) / Double(count)) }
    var reversed = [Int](repeating: 0, count: half)
    for index in 1..<half { reversed[index] = reversed[index / 2] / 2 + (index & 1 == 1 ? half / 2 : 0) }
    self.reversed = reversed
    real = [Double](repeating: 0, count: half)
    imaginary = real
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
    while width < half {
      let step = count / (2 * width)
      var start = 0
      while start < half {
        for offset in 0..<width {
          let (a, b) = (start + offset, start + offset + width)
          let (c, s) = (cosines[offset * step], sines[offset * step])
          let turnedReal = real[b] * c - imaginary[b] * s
          let turnedImaginary = real[b] * s + imaginary[b] * c
          real[b] = real[a] - turnedReal
          imaginary[b] = imaginary[a] - turnedImaginary
          real[a] += turnedReal
          imaginary[a] += turnedImaginary
        }
        start += 2 * width
      }
      width *= 2
    }
  }
}
