"""The hall: routes, steps, the walk and delivery; knows no hospital business."""
