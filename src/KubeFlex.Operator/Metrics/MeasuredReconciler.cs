using KubeFlex.Runtime.Controllers;

namespace KubeFlex.Operator.Metrics;

/// <summary>Times each pass of a reconciler.</summary>
internal sealed class MeasuredReconciler(IReconciler inner, OperatorMetrics metrics, TimeProvider time) : IReconciler
{
    public async Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        try
        {
            return await inner.ReconcileAsync(key, cancellation);
        }
        finally
        {
            metrics.Reconciled(time.GetElapsedTime(start));
        }
    }
}
