using KubeFlex.Machinery.Errors;

namespace KubeFlex.Server.Backup;

/// <summary>A backup, restore or migration that cannot be done, and what the client is told.</summary>
internal sealed class BackupFailure(ApiError error, Exception? inner = null) : Exception(error.Message, inner)
{
    public ApiError Error { get; } = error;

    public static BackupFailure Conflict(string message) => new(new ApiError(409, "Conflict", message));

    public static BackupFailure Bad(string message, Exception? inner = null) => new(ApiError.BadRequest(message), inner);
}
