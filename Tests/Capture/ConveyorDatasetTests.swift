import Capture
import Foundation
import Testing

@Suite struct ConveyorDatasetTests {
  @Test func `a data set holds images, labels in their frame and the classes`() throws {
    let folder = NSTemporaryDirectory() + "conveyor-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try ConveyorScene.writeDataset(to: folder, count: 4, options: ConveyorSceneTests.options())
    let classes = try String(contentsOfFile: folder + "/classes.txt", encoding: .utf8)
    #expect(classes == "scratch\ndent\nstain\nmissing_hole\n")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/images").sorted() == (0..<4).map { "00000\($0).ppm" })
    let image = try Data(contentsOf: URL(fileURLWithPath: folder + "/images/000002.ppm"))
    #expect(image.prefix(15) == Data("P6\n320 240\n255\n".utf8))
    #expect(image.count == 15 + 320 * 240 * 3)
    var lines = 0
    for index in 0..<4 {
      for line in try String(contentsOfFile: folder + "/labels/00000\(index).txt", encoding: .utf8).split(separator: "\n") {
        let numbers = line.split(separator: " ").compactMap { Double($0) }
        #expect(numbers.count == 5)
        #expect((0..<4).contains(numbers[0]) && numbers.dropFirst().allSatisfy { (0...1).contains($0) })
        lines += 1
      }
    }
    #expect(lines > 0)
  }

  @Test func `a data set of JPEG files can be replayed as a camera`() throws {
    let folder = try TemporaryFolder()
    try ConveyorScene.writeDataset(to: folder.path, count: 2, options: ConveyorSceneTests.options(), jpegQuality: 90)
    let camera = try openCamera("folder:\(folder.path)/images", settings: CameraSettings(frameRate: .infinity, loop: false))
    let frames = [take(camera.holdNext()), take(camera.holdNext()), take(camera.holdNext())].compactMap { $0 }
    #expect(frames.map(\.width) == [320, 320])
    #expect(frames.map(\.format) == [.mjpeg, .mjpeg])
  }

  @Test func `a folder that can't be made is named`() {
    let error = #expect(throws: CaptureError.self) { try ConveyorScene.writeDataset(to: "/proc/no/such", count: 1) }
    #expect(error?.message.contains("/proc/no/such") == true)
  }
}
