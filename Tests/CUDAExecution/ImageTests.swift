@testable import CUDAExecution
import Inference
import Testing

@Suite struct CUDAImageTests {
  private let image = TestImage.image([(0, 7, 2, "a"), (0, 8, 0, "bb"), (0, 8, 7, "ccc"), (0, 9, 0, "dddd"), (1, 8, 0, "eeeee")])

  @Test(
    arguments: [
      (7, 0, nil), (7, 2, "a"), (7, 5, "a"), (8, 0, "bb"), (8, 6, "bb"), (8, 7, "ccc"), (8, 9, "ccc"), (9, 0, "dddd"), (10, 0, "eeeee"), (12, 1, "eeeee"),
      (6, 1, nil),
    ] as [(Int, Int, String?)])
  func `a device gets the newest machine code that runs on it, or else text`(_ major: Int, _ minor: Int, _ expected: String?) throws {
    let code = try CUDAImage(image).code(for: ComputeCapability(major, minor))
    #expect(code == expected.map { Array($0.utf8) + [0] })
  }

  /// All other tests skip without it.
  @Test func `the emulated device can be built`() {
    #expect(EmulatedDevice.isPresent)
  }

  @Test func `a damaged image is refused`() throws {
    for count in 0..<image.count {
      do throws(InferenceError) {
        let cut = try CUDAImage(Array(image[..<count]))
        // All of the head, and the last entry's bytes alone are missing.
        #expect(cut.entries.isEmpty, "\(count) bytes")
      } catch {
        #expect(error.code == .deviceFailed)
      }
    }
    for position in 16..<(24 + 24 * 5) {
      var changed = image
      changed[position] = 0xFF
      if let read = try? CUDAImage(changed) { #expect(read.entries.allSatisfy { $0.bytes.upperBound <= changed.count }) }
    }
  }
}
