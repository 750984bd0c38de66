import CAllocationCounter
import Imaging
import SharedData
import Testing

@Suite struct SceneSignatureTests {
  /// A smooth scene in luminance, with a sensor's noise of a few levels, and perhaps something in it.
  private func scene(seed: UInt64, width: Int = 320, height: Int = 240, spot: (x: Int, y: Int, side: Int)? = nil, brighter: Int = 0) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    return (0..<width * height).map { index in
      let (x, y) = (index % width, index / width)
      if let spot, (spot.x..<spot.x + spot.side).contains(x), (spot.y..<spot.y + spot.side).contains(y) { return 240 }
      let smooth: Int = 40 + x * 80 / width + y * 40 / height
      let noise = Int.random(in: -3...3, using: &generator)
      return UInt8(smooth + noise + brighter)
    }
  }

  private func difference(_ signature: SceneSignature, _ bytes: [UInt8], width: Int = 320, height: Int = 240) -> Float? {
    unsafe bytes.withUnsafeBytes { unsafe signature.difference(from: ImageView(format: .grey, width: width, height: height, bytesPerLine: width, bytes: $0)) }
  }

  private func keep(_ signature: SceneSignature, _ bytes: [UInt8], width: Int = 320, height: Int = 240) {
    unsafe bytes.withUnsafeBytes { unsafe signature.keep(ImageView(format: .grey, width: width, height: height, bytesPerLine: width, bytes: $0)) }
  }

  @Test func `noise is no change, a small thing anywhere is one`() {
    let signature = SceneSignature()
    keep(signature, scene(seed: 1))
    #expect(difference(signature, scene(seed: 2)) == 0)
    // Ten pixels a side of 320 × 240: one part in 768 of the picture.
    for (x, y) in [(0, 0), (310, 230), (155, 100), (27, 201)] {
      let reach = difference(signature, scene(seed: 3, spot: (x, y, 10))) ?? 0
      #expect(reach > 0.02, "\(x), \(y): \(reach)")
    }
    #expect((difference(signature, scene(seed: 4, brighter: 30)) ?? 0) > 0.05)
  }

  @Test func `a slow change is one in the end, as it is compared with the frame that was kept`() {
    let signature = SceneSignature()
    keep(signature, scene(seed: 1))
    let reaches = (0..<20).map { difference(signature, scene(seed: 5, brighter: $0)) ?? -1 }
    #expect(reaches[1] == 0)
    #expect(reaches[19] > 0.03)
    #expect(zip(reaches, reaches.dropFirst()).allSatisfy { $0 <= $1 })
  }

  @Test func `without a kept frame, and at another size, all is different`() {
    let signature = SceneSignature()
    #expect(difference(signature, scene(seed: 1)) == 1)
    keep(signature, scene(seed: 1))
    #expect(difference(signature, scene(seed: 1, width: 240, height: 320), width: 240, height: 320) == 1)
    signature.clear()
    #expect(difference(signature, scene(seed: 1)) == 1)
  }

  @Test func `a sensor's scene is compared as its balance makes it, in green`() throws {
    for samples in SensorSamples.all where samples.packing == .words && samples.bits == 16 {
      // 12 bits at the lower end, as some drivers give them.
      func frame(_ change: (Int, Int) -> Int) -> [UInt8] {
        (0..<64 * 64).flatMap { index in
          let value = 1000 + change(index % 64, index / 64)
          return [UInt8(value & 255), UInt8(value >> 8)]
        }
      }
      func differs(_ bytes: [UInt8]) -> Float {
        let signature = SceneSignature()
        let balance = SensorBalance(blackLevel: 256, red: 16, green: 16, blue: 16)
        func view(_ memory: UnsafeRawBufferPointer) -> ImageView {
          unsafe ImageView(format: .sensor(samples), balance: balance, width: 64, height: 64, bytesPerLine: 128, bytes: memory)
        }
        unsafe frame { _, _ in 0 }.withUnsafeBytes { unsafe signature.keep(view($0)) }
        return unsafe bytes.withUnsafeBytes { unsafe signature.difference(from: view($0)) } ?? -1
      }
      #expect(differs(frame { _, _ in 0 }) == 0)
      #expect(differs(frame { _, _ in 300 }) > 0.03)
      // Only what stands behind green filters; of a bare sensor some places.
      let isGreen: (Int, Int) -> Bool =
        switch samples.pattern {
        case .none: { _, _ in true }
        case .rggb, .bggr: { ($0 + $1) % 2 == 1 }
        case .grbg, .gbrg: { ($0 + $1) % 2 == 0 }
        }
      #expect(differs(frame { isGreen($0, $1) ? 300 : 0 }) > 0.03)
      #expect(differs(frame { isGreen($0, $1) ? 0 : 300 }) == 0)
    }
  }

  @Test func `a JPEG and a short frame can't be compared`() {
    let signature = SceneSignature()
    let bytes = [UInt8](repeating: 7, count: 100)
    unsafe bytes.withUnsafeBytes { bytes in
      for format in [PixelFormat.mjpeg, .grey] {
        let view = unsafe ImageView(format: format, width: 320, height: 240, bytesPerLine: 320, bytes: bytes)
        #expect(signature.difference(from: view) == nil)
        signature.keep(view)
      }
    }
    #expect(difference(signature, scene(seed: 1)) == 1)
  }

  @Test(.enabled(if: allocation_counter_works()), arguments: PixelFormat.allCases.filter { $0 != .mjpeg })
  func `every format is compared with itself, and nothing allocated`(format: PixelFormat) throws {
    let frame = randomFrame(format, .bt601Full, width: 46, height: 34)
    let other = randomFrame(format, .bt601Full, width: 46, height: 34, seed: 9)
    let signature = SceneSignature()
    var reaches: [Float] = [0, 0]
    unsafe frame.bytes.withUnsafeBytes { one in
      unsafe other.bytes.withUnsafeBytes { two in
        let line = frame.bytesPerLine
        let views = unsafe [one, two].map { unsafe ImageView(format: format, width: 46, height: 34, bytesPerLine: line, bytes: $0) }
        let before = allocation_count()
        signature.keep(views[0])
        for index in 0..<2 { reaches[index] = signature.difference(from: views[index]) ?? -1 }
        #expect(allocation_count() - before == 0)
      }
    }
    #expect(reaches[0] == 0 && reaches[1] > 0.05)
  }
}
