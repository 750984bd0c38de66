import CKernels
import Inference

/// The threads that share the work of a session's steps, each with its scratch memory. Ends with its owner.
@safe struct ThreadTeam: ~Copyable {
  private let team: OpaquePointer

  init(threads: Int, scratchByteCount: Int64) throws(InferenceError) {
    var created: OpaquePointer?
    let result = unsafe swl_team_create(Int32(clamping: threads), scratchByteCount, &created)
    guard result == 0, let created = unsafe created else {
      throw InferenceError(.noResources, "the system gave no \(threads) threads with \(scratchByteCount) bytes each (error \(-result)): ask for fewer threads")
    }
    unsafe team = created
  }

  deinit {
    unsafe swl_team_destroy(team)
  }

  /// Runs steps in order, each shared by the team.
  func run(_ plan: borrowing Plan) {
    unsafe plan.steps.withUnsafeBufferPointer { steps in
      unsafe swl_team_run_all(team, steps.baseAddress, Int64(steps.count), nil, nil)
    }
  }

  /// As `run`, adding each step's nanoseconds to the element of the instruction that it belongs to.
  func run(_ plan: borrowing Plan, recording nanoseconds: inout [UInt64]) {
    unsafe plan.steps.withUnsafeBufferPointer { steps in
      unsafe plan.instructions.withUnsafeBufferPointer { instructions in
        unsafe nanoseconds.withUnsafeMutableBufferPointer { times in
          unsafe swl_team_run_all(team, steps.baseAddress, Int64(steps.count), instructions.baseAddress, times.baseAddress)
        }
      }
    }
  }
}
