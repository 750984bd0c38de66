@testable import CUDAExecution
import Inference
import Tensors
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
    let codes = try CUDAImage(image).codes(for: ComputeCapability(major, minor)).map { $0.bytes }
    #expect(codes == expected.split(separator: " ").map { Array($0.utf8) + [0] })
  }

  /// What tests on a real device allow where its library has a part in a program.
  @Test func `the library's tolerance is of floats and steps, and never of red zones`() {
    func difference(_ one: HostTensor, _ other: HostTensor, _ name: String = "y") -> Bool { CUDATests.libraryDifference([one], [other], [name]) != nil }
    func floats(_ value: Float) -> HostTensor { HostTensor([value], dimensions: [1]) }
    func bytes(_ type: ElementType, _ bytes: [UInt8]) -> HostTensor { HostTensor(elementType: type, dimensions: [1], bytes: bytes) }
    #expect(!difference(floats(1000.005), floats(1000)) && difference(floats(1000.1), floats(1000)))
    #expect(!difference(floats(.nan), floats(.nan)) && difference(floats(.nan), floats(0)) && difference(floats(.infinity), floats(3e38)))
    #expect(!difference(floats(.infinity), floats(.infinity)) && difference(floats(.infinity), floats(-.infinity)))
    #expect(!difference(bytes(.uint8, [128]), bytes(.uint8, [127])) && difference(bytes(.uint8, [129]), bytes(.uint8, [127])))
    #expect(!difference(bytes(.int8, [0]), bytes(.int8, [255])) && difference(bytes(.uint8, [0]), bytes(.uint8, [255])))
    let zero = bytes(.int32, [0, 0, 0, 0])
    #expect(!difference(bytes(.int32, [255, 255, 255, 255]), zero) && difference(bytes(.int32, [0, 1, 0, 0]), zero))
    #expect(difference(bytes(.uint8, [1]), bytes(.uint8, [0]), "red0o"))
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
