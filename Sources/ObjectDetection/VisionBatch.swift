public import Inference
import ModelFormat
public import ModelManifest

/// Runs of a model on several prepared images at once, for each number of them up to a limit. Neither writing nor running allocates or throws. One
/// thread at a time.
public final class VisionBatch<Engine: Backend & ~Copyable> {
  /// Most images of a run.
  public let limit: Int
  /// For two images and more.
  let sessions: [Session<Engine>]
  let inputIndex: Int

  /// - Parameters:
  ///   - model: of the same package, for one image. It keeps tensors from then on, where this doesn't throw.
  ///   - limit: at least 2.
  /// - Throws: where the package's sizes don't leave open how many images there are, or don't lie one behind the other; says how to compile it. And where
  ///   made-up images give something else together than alone.
  public init(_ package: ModelPackage, like model: VisionModel<Engine>, limit: Int, options: Engine.Options) throws(ObjectDetectionError) {
    self.limit = limit
    inputIndex = model.inputIndex
    let one = model.session.program
    let port = one.inputs[inputIndex]
    let shape = "\(port.name)=1..\(limit)x\(port.declaredDimensions.dropFirst().map { "\($0)" }.joined(separator: "x"))"
    guard package.manifest.states == nil else {
      throw ObjectDetectionError(.unsupported, "\(package.origin): it remembers what it has seen, so images of several cameras can't run together")
    }
    var sessions: [Session<Engine>] = []
    for count in 2...limit {
      guard let program = try? package.programForImages(batch: count), program.isBatch(of: count, like: one, input: inputIndex) else {
        throw ObjectDetectionError(
          .unsupported, "\(package.origin): it takes no \(count) images at a time; compile it with --shape \(shape), of a model whose first size is open")
      }
      do throws(InferenceError) {
        sessions.append(try unsafe Session(program: program, weights: package.weights, owner: package, options: options))
      } catch { throw ObjectDetectionError(.unsupported, "\(package.origin): \(count) images at a time: \(error.message)") }
    }
    self.sessions = sessions
    do throws(InferenceError) { try checkIndependence(package, one, options) } catch {
      throw ObjectDetectionError(.unsupported, "\(package.origin): \(error.message)")
    }
    model.keepTensors()
  }

  /// Run-time indices outside their tensors, over all runs so far.
  public var faultCount: UInt64 {
    var sum: UInt64 = 0
    for index in sessions.indices { sum += sessions[index].faultCount }
    return sum
  }

  /// Copies what the model for one image has prepared.
  /// - Precondition: `prepared` keeps tensors (`VisionModel.keepTensors`).
  /// - Parameter slot: which image of the run it is, 0 to `count` − 1.
  public func write(_ prepared: borrowing VisionModel<Engine>, at slot: Int, of count: Int) {
    precondition(!prepared.takesFrames)
    let source = unsafe prepared.session.inputBytes(prepared.inputIndex)
    let target = unsafe sessions[count - 2].inputBytes(inputIndex)
    unsafe UnsafeMutableRawBufferPointer(rebasing: target[slot * source.count..<(slot + 1) * source.count]).copyMemory(
      from: UnsafeRawBufferPointer(source))
  }

  /// - Parameter count: images of the run, 2 to `limit`; all of them are written.
  public func run(_ count: Int) { sessions[count - 2].run() }

  /// Whether the model doesn't run any more, as its device failed.
  func hasFailed(_ count: Int) -> Bool { sessions[count - 2].hasFailed }

  /// The bytes of one image's output, as the model for one image has them; valid until the next run.
  func outputBytes(_ index: Int, of slot: Int, in count: Int) -> UnsafeRawBufferPointer {
    let all = unsafe sessions[count - 2].outputBytes(index)
    let byteCount = all.count / count
    return unsafe UnsafeRawBufferPointer(rebasing: all[slot * byteCount..<(slot + 1) * byteCount])
  }
}

extension Program {
  /// Whether it takes so many of another program's images, and gives as many of its outputs, one behind the other.
  fileprivate func isBatch(of count: Int, like one: Program, input: Int) -> Bool {
    guard inputs.count == one.inputs.count, outputs.count == one.outputs.count else { return false }
    let ports = [(inputs[input], one.inputs[input])] + zip(outputs, one.outputs)
    return ports.allSatisfy { port, single in
      let (tensor, other) = (tensors[Int(port.tensor)], one.tensors[Int(single.tensor)])
      return port.permutation == single.permutation && port.permutation.first == 0 && other.dimensions.first == 1
        && tensor.dimensions == [count] + other.dimensions.dropFirst() && tensor.elementType == other.elementType
        && tensor.quantisation == other.quantisation
    }
  }
}
