namespace KubeFlex.Runtime.Kubeconfigs;

/// <summary>A kubeconfig cannot be used as it is. The message names the file or entry and is fit for a person to read.</summary>
public sealed class KubeconfigException : Exception
{
    /// <summary>Makes the failure; <paramref name="wayOut"/> says what to do about it.</summary>
    public KubeconfigException(string message, string wayOut, Exception? inner = null) : base(message, inner) => WayOut = wayOut;

    /// <summary>What the user can do.</summary>
    public string WayOut { get; }
}
