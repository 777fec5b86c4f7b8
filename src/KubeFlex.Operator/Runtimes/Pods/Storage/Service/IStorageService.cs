namespace KubeFlex.Operator.Runtimes.Pods.Storage.Service;

/// <summary>The storage service does not answer, or not as it should; the message says why.</summary>
internal sealed class StorageServiceException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The storage service as its administrator sees it. What fails is a <see cref="StorageServiceException"/>; all calls can be repeated.</summary>
internal interface IStorageService
{
    /// <summary>Makes a store unless it is there.</summary>
    Task CreateAsync(string store, CancellationToken cancellation);

    /// <summary>Whether there is such a store.</summary>
    Task<bool> ExistsAsync(string store, CancellationToken cancellation);

    /// <summary>Deletes a store, if it is there.</summary>
    Task DeleteAsync(string store, CancellationToken cancellation);
}
