using KubeFlex.Machinery.Errors;
using KubeFlex.Storage;

namespace KubeFlex.ApiServer.Answers;

/// <summary>Turns the storage's failures into what clients are told.</summary>
internal static class Failures
{
    public static ApiError Of(StorageException e) => e.Failure switch
    {
        // The message names files and servers: that is for the log.
        StorageFailure.Unavailable => ApiError.Internal(e.Public),
        StorageFailure.Undecided => new ApiError(504, "Timeout", e.Public),
        // Nothing of the request has happened, and soon another server serves the control plane: clients that see a Retry-After try again by themselves.
        StorageFailure.Closed or StorageFailure.NotOwner => new ApiError(503, "ServiceUnavailable", e.Public, new StatusDetails(RetryAfterSeconds: 1)),
        StorageFailure.Compacted => ApiError.Expired(e.Message),
        StorageFailure.Future => ApiError.Timeout(e.Message, 1),
        StorageFailure.LimitExceeded => ApiError.TooManyRequests(e.Message, 1),
        _ => ApiError.Internal(e.Public),
    };

    /// <summary>504 as upstream words a resource version that does not exist yet.</summary>
    public static ApiError TooLargeVersion(long asked, long current) =>
        new(504, "Timeout", $"Timeout: Too large resource version: {asked}, current: {current}",
            new StatusDetails(Causes: [new StatusCause("ResourceVersionTooLarge", "Too large resource version", null)], RetryAfterSeconds: 1));

    public static ApiError VersionTooOld() => ApiError.Expired("The resourceVersion for the provided list is too old.");
}
