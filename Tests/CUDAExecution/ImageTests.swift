@testable import CUDAExecution
import Inference
import Testing

@Suite struct CUDAImageTests {
  private let image = TestImage.image([(0, 7, 2, "a"), (0, 8, 0, "bb"), (0, 8, 7, "ccc"), (0, 9, 0, "dddd"), (1, 8, 0, "eeeee")])

  @Test(
    arguments: [
      (7, 0, ""), (7, 2, "a"), (7, 5, ""), (8, 0, "bb eeeee"), (8, 6, "bb eeeee"), (8, 7, "ccc bb eeeee"), (8, 9, "bb eeeee"), (9, 0, "dddd eeeee"),
      (10, 0, "eeeee"), (12, 1, "eeeee"), (6, 1, ""),
    ] as [(Int, Int, String)])
  func `a device gets the newest machine code that runs on it, or else text; what is for the embedded ones runs nowhere else`(
    _ major: Int, _ minor: Int, _ expected: String
  ) throws {
    let codes = try CUDAImage(image).codes(for: ComputeCapability(major, minor))
    #expect(codes == expected.split(separator: " ").map { Array($0.utf8) + [0] })
  }

  @Test func `an image of another version is refused`() throws {
    var other = image
    other[20] &+= 1
    let error = #expect(throws: InferenceError.self) { try CUDAImage(other) }
    #expect(error?.message.contains("make cuda") == true)
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
