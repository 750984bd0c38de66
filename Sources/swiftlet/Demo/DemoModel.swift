import CDemoModel
import EdgeAgent
import ModelManifest

/// The detector that is built in.
enum DemoModel {
  static func open() throws(EdgeAgentError) -> ModelPackage {
    let bytes = unsafe UnsafeBufferPointer(start: swl_demo_model_bytes(), count: swl_demo_model_byte_count())
    guard !bytes.isEmpty else { throw EdgeAgentError(.model, "this build has no built-in model; give one with --model FILE") }
    do { return try unsafe ModelPackage(Array(bytes), origin: "the built-in model") } catch {
      throw EdgeAgentError(.model, error.description)
    }
  }
}
