using System.Diagnostics.CodeAnalysis;

namespace KubeFlex.Machinery.Errors;

/// <summary>The outcome of an operation that may fail in a way its caller must answer for: a value or an <see cref="ApiError"/>.</summary>
/// <typeparam name="T">What success yields.</typeparam>
public readonly struct Result<T>
{
    private readonly T? value;

    private Result(T? value, ApiError? error) => (this.value, Error) = (value, error);

    /// <summary>The failure, or null after success.</summary>
    public ApiError? Error { get; }

    /// <summary>The value; throws <see cref="InvalidOperationException"/> after a failure.</summary>
    public T Value => Error is null ? value! : throw new InvalidOperationException(Error.Message);

    /// <summary>True with the value after success, false with the failure otherwise.</summary>
    public bool TryGet([MaybeNullWhen(false)] out T result, [NotNullWhen(false)] out ApiError? error)
    {
        (result, error) = (value, Error);
        return error is null;
    }

    /// <summary>Success.</summary>
    [SuppressMessage("Usage", "CA2225", Justification = "Results are made by returning a value or an error.")]
    public static implicit operator Result<T>(T value) => new(value, null);

    /// <summary>Failure.</summary>
    [SuppressMessage("Usage", "CA2225", Justification = "Results are made by returning a value or an error.")]
    public static implicit operator Result<T>(ApiError error) => new(default, error);
}
