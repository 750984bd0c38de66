import ModelManifest
import Tensors
import Testing

@Suite struct GoldenOutputsTests {
  private let names = ["boxes", "scores"]

  private func tensors(_ change: (Int) -> Float = { _ in 0 }) -> [HostTensor] {
    [HostTensor((0..<1000).map { Float($0) + change($0) }, dimensions: [10, 100]), HostTensor([0.25, 0.5], dimensions: [2])]
  }

  private var golden: GoldenOutputs { GoldenOutputs(seed: 7, tolerance: 0.02, names: names, tensors: tensors()) }

  @Test func `they are samples, mean and spread of each output`() {
    #expect(golden.outputs.map(\.samples.count) == [64, 2])
    #expect(golden.outputs[0].samples[1] == 15)
    #expect(golden.outputs[0].mean == 499.5)
    #expect(golden.outputs[0].spread == 999)
    #expect(golden.isUsable)
  }

  @Test func `what is within the tolerance of the spread is the same`() {
    #expect(golden.difference(from: tensors(), names: names) == nil)
    #expect(golden.difference(from: tensors { $0 == 15 ? 19 : 0 }, names: names) == nil)
    #expect(golden.difference(from: tensors { $0 == 15 ? 21 : 0 }, names: names)?.contains("boxes") == true)
  }

  @Test func `what lies between the samples shows in the mean`() {
    #expect(golden.difference(from: tensors { $0 % 15 == 7 ? 500 : 0 }, names: names)?.contains("boxes") == true)
  }

  @Test func `no number is never the same`() {
    #expect(golden.difference(from: tensors { $0 == 0 ? .nan : 0 }, names: names) != nil)
    #expect(golden.difference(from: tensors { $0 == 1 ? .infinity : 0 }, names: names) != nil)
    #expect(!GoldenOutputs(seed: 1, tolerance: 0.02, names: names, tensors: tensors { _ in .nan }).isUsable)
  }

  @Test func `other outputs and other sizes differ`() {
    #expect(golden.difference(from: tensors(), names: ["boxes", "classes"]) != nil)
    #expect(golden.difference(from: [tensors()[0]], names: names) != nil)
    #expect(golden.difference(from: [tensors()[1], tensors()[0]], names: names) != nil)
  }

  @Test func `a constant output is compared exactly`() {
    let flat = [HostTensor([3, 3, 3], dimensions: [3])]
    let golden = GoldenOutputs(seed: 1, tolerance: 0.02, names: ["x"], tensors: flat)
    #expect(golden.difference(from: flat, names: ["x"]) == nil)
    #expect(golden.difference(from: [HostTensor([3, 3, 3.5], dimensions: [3])], names: ["x"]) != nil)
  }

  @Test func `images are made up of the range that the model is made for`() {
    var manifest = Manifest(name: "m", version: "1", task: .detection)
    #expect(manifest.rehearsalRange == -1...1)
    manifest.input = ImageInput(tensor: "x", width: 8, height: 8, mean: [0, 127.5], deviation: [255, 127.5])
    #expect(manifest.rehearsalRange == -1...1)
    manifest.input?.deviation = [1, 1]
    #expect(manifest.rehearsalRange == -127.5...255)
    manifest.input?.deviation = [0, 1]
    #expect(manifest.rehearsalRange == -1...1)
  }
}
