"""Runs firstseen on a Spark cluster.

    from firstseen_spark import index_cluster, register_tables

    baseline = index_cluster(spark, "s3://BUCKET/AWSLogs", "/shared/case.baseline")
    register_tables(spark, baseline)
    spark.sql("SELECT action, min(first) FROM firstseen_behaviours GROUP BY action").show()
"""

from .cluster import ClusterError, Failure, FirstseenError, find_binary, index_cluster
from .tables import register_tables

__all__ = ["ClusterError", "Failure", "FirstseenError", "find_binary", "index_cluster", "register_tables"]
