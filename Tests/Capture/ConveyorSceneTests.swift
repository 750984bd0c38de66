import Capture
import Testing

@Suite struct ConveyorSceneTests {
  static func options(seed: UInt64 = 7, defectRate: Double = 1) -> ConveyorOptions {
    var options = ConveyorOptions()
    (options.seed, options.width, options.height, options.defectRate) = (seed, 320, 240, defectRate)
    return options
  }

  private func render(_ scene: ConveyorScene, _ frame: Int) -> [UInt8] {
    var pixels = [UInt8](repeating: 0, count: scene.frameByteCount)
    unsafe pixels.withUnsafeMutableBufferPointer { unsafe scene.render(frame: frame, into: $0) }
    return pixels
  }

  @Test func `the same seed gives the same frames and truth in any order`() throws {
    let first = try ConveyorScene(options: Self.options())
    let second = try ConveyorScene(options: Self.options())
    _ = render(second, 900)
    for frame in [0, 41, 260] {
      #expect(render(first, frame) == render(second, frame))
      #expect(first.groundTruth(frame: frame) == second.groundTruth(frame: frame))
    }
    let other = try ConveyorScene(options: Self.options(seed: 8))
    #expect(render(first, 0) != render(other, 0))
  }

  /// The same line without defects is the oracle: where the two differ, there is a defect.
  @Test(arguments: [0, 333, 5000])
  func `what differs from a faultless line lies in the truth's boxes, and every box has something`(frame: Int) throws {
    let faulty = try ConveyorScene(options: Self.options())
    let faultless = try ConveyorScene(options: Self.options(defectRate: 0))
    let (one, two) = (render(faulty, frame), render(faultless, frame))
    let boxes = faulty.groundTruth(frame: frame).filter { $0.classIndex != nil }
    #expect(faultless.groundTruth(frame: frame).allSatisfy { $0.classIndex == nil })
    var changed = [Int](repeating: 0, count: boxes.count)
    var strays = 0
    for y in 0..<240 {
      for x in 0..<320 where (0..<3).contains(where: { abs(Int(one[(y * 320 + x) * 3 + $0]) - Int(two[(y * 320 + x) * 3 + $0])) > 12 }) {
        let holders = boxes.indices.filter { contains(boxes[$0], x: x, y: y) }
        for holder in holders { changed[holder] += 1 }
        if holders.isEmpty { strays += 1 }
      }
    }
    #expect(strays == 0)
    for (box, count) in zip(boxes, changed) where box.visibility > 0.9 {
      #expect(count >= 8, "\(box.label) of part \(box.part) isn't to be seen")
    }
  }

  private func contains(_ box: GroundTruthBox, x: Int, y: Int) -> Bool {
    Float(x) >= box.x - 2 && Float(x) <= box.x + box.width + 2 && Float(y) >= box.y - 2 && Float(y) <= box.y + box.height + 2
  }

  @Test func `a part keeps its number while it moves to the right`() throws {
    let scene = try ConveyorScene(options: Self.options())
    let before = scene.groundTruth(frame: 300).filter { $0.label == "part" && $0.visibility == 1 }
    let after = scene.groundTruth(frame: 306).filter { $0.label == "part" }
    #expect(!before.isEmpty)
    for box in before {
      // 160 pixels a second at a height of 480, so 16 pixels in 6 frames at 240.
      let later = try #require(after.first { $0.part == box.part })
      #expect(abs(later.x - box.x - 16) <= 1)
      #expect(later.y == box.y)
    }
  }

  @Test func `all kinds of defects come, and boxes stay in the frame`() throws {
    let scene = try ConveyorScene(options: Self.options())
    var labels: Set<String> = []
    for frame in stride(from: 0, to: 6000, by: 100) {
      for box in scene.groundTruth(frame: frame) {
        labels.insert(box.label)
        #expect(box.x >= 0 && box.y >= 0 && box.x + box.width <= 320.01 && box.y + box.height <= 240.01)
        #expect(box.visibility > 0 && box.visibility <= 1.001)
        #expect(box.classIndex.map { ConveyorScene.labels[$0] } ?? "part" == box.label)
      }
    }
    #expect(ConveyorScene.labels == ["scratch", "dent", "stain", "missing_hole"])
    #expect(labels == Set(ConveyorScene.labels + ["part"]))
  }

  @Test func `a setting out of range is refused with its range`() {
    for change: (inout ConveyorOptions) -> Void in [
      { $0.width = 8 }, { $0.height = 100_000 }, { $0.frameRate = 0 }, { $0.frameRate = .nan }, { $0.defectRate = 1.5 }, { $0.beltSpeed = -1 },
    ] {
      var options = ConveyorOptions()
      change(&options)
      let error = #expect(throws: CaptureError.self) { try ConveyorScene(options: options) }
      #expect(error?.code == .badSetting)
      #expect(error?.message.contains("take") == true)
    }
  }
}
