"""Forecasters of demand: quantiles by period, and of the demand of a lead time."""

from inv_gym.agents.forecasting.boosted import BoostedQuantiles
from inv_gym.agents.forecasting.calibration import Calibration, calibration
from inv_gym.agents.forecasting.empirical import EmpiricalQuantiles, SeasonalNaive
from inv_gym.agents.forecasting.intermittent import IntermittentSmoothing
from inv_gym.agents.forecasting.mq import MQForecaster
from inv_gym.agents.forecasting.mq_network import MQConfig
from inv_gym.agents.forecasting.recalibration import Recalibrated, recalibrated_where_better
from inv_gym.agents.forecasting.smoothed import SmoothedMoments
from inv_gym.agents.forecasting.smoothing import ExponentialSmoothing
from inv_gym.play.forecaster import Forecaster, forecast_quantiles, forecast_sum

__all__ = [
    "BoostedQuantiles",
    "Calibration",
    "EmpiricalQuantiles",
    "ExponentialSmoothing",
    "Forecaster",
    "IntermittentSmoothing",
    "MQConfig",
    "MQForecaster",
    "Recalibrated",
    "SeasonalNaive",
    "SmoothedMoments",
    "calibration",
    "forecast_quantiles",
    "forecast_sum",
    "recalibrated_where_better",
]
